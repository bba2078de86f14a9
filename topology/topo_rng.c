/* The published schema as bytes of the library.  The assembler reads the file, relative to the root of
 * the repository, where the build runs; the Makefile knows that this object depends on it. */
#include "topology/topo.h"

__asm__(".pushsection .rodata\n"
        ".global topo_rng\n"
        ".type topo_rng, @object\n"
        "topo_rng:\n"
        ".incbin \"topology/topology.rng\"\n"
        ".byte 0\n"
        ".size topo_rng, . - topo_rng\n"
        ".popsection\n");
