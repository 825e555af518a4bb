#pragma once
/// Matrix products run in tiles of TILE rows by PANEL columns; column counts are padded to GRAIN.
enum { TILE = 8, PANEL = 48, GRAIN = 16 };
