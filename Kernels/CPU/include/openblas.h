#pragma once

/// Whether OpenBLAS (libopenblas.so.0) is installed. It is opened when this is first asked, and never needed.
int dk_has_openblas(void);
