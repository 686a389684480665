# For a unit with a 64-bit ARM processor, built on a Debian PC with the packages of the group `arch` in
# scripts/packages.txt:
#   cmake -G Ninja -B build/aarch64 --toolchain cmake/aarch64.cmake -DCMAKE_BUILD_TYPE=RelWithDebInfo
#         -DPEDILUVE_SERVER=OFF -DPEDILUVE_TESTS=OFF
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_FIND_ROOT_PATH /usr/aarch64-linux-gnu /usr/lib/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig)
# The linker's own default of 64 KiB pages pads the file to several times its size; the boards meant here use 4 KiB.
set(CMAKE_EXE_LINKER_FLAGS_INIT "-Wl,-z,max-page-size=4096")
