/* The published schema as part of the program, so that it can be printed and tested wherever the program is.
 * The file is found from the root of the sources, where make runs. */
#include "grading/exercise.h"

__asm__(".section .rodata\n"
        ".global exercise_rng, exercise_rng_end\n"
        "exercise_rng:\n"
        ".incbin \"grading/exercise.rng\"\n"
        "exercise_rng_end:\n"
        ".byte 0\n"
        ".previous\n");
