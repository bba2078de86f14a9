/* A libicudata.so with no tables: see shrink_icu() in recipe/customize.sh.  The library looks for the
 * mark of its format in here, does not find it and reports every character set as unknown. */
extern const char icudt72_dat[64];
const char icudt72_dat[64] __attribute__((aligned(16), visibility("default"))) = {0};
