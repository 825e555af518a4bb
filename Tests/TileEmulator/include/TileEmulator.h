#pragma once

/// Lets this process run the tile instructions of AMX-BF16 on a processor without them: each is an illegal instruction
/// there, and the signal's handler does what it should have done. Slow, some microseconds each; for tests alone.
void tile_emulator_start(void);

/// Loads and products of tiles that the calling thread has run so far.
typedef struct {
  long loads, products;
} tile_counts;

tile_counts tile_emulator_counts(void);
