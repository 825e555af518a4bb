#include "ClipVocabulary.h"

static const unsigned char merges[] = {
#embed "clip_merges.txt.gz"
};

const unsigned char *clip_merges_gz(size_t *count) {
  *count = sizeof merges;
  return merges;
}
