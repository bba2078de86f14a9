# How the static programs of guests are compiled; taken in by the Makefiles here and in xen/.
# musl makes a process 1 of 60 KiB where glibc makes one of 700.
INIT_CC := $(shell command -v musl-gcc || echo gcc)
HEADERS := $(shell gcc -print-multiarch)
CFLAGS = -std=c17 -D_GNU_SOURCE -Os \
  -Wall -Wextra -Wformat=2 -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wcast-qual \
  -Wwrite-strings -Wundef -Wvla -Wnull-dereference -Wconversion -Wno-sign-conversion -Wswitch-enum
# The kernel's headers, which musl does not bring, after everything else.
INIT_FLAGS = -static -no-pie -s -ffunction-sections -fdata-sections -Wl,--gc-sections \
  -idirafter /usr/include -idirafter /usr/include/$(HEADERS)
