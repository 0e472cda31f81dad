#!/bin/sh
# Builds loom_verify.c and the model for WebAssembly, runs them in Node. $1: 0 plain, 1 with SIMD.
cc=${CC:-clang}
for tool in "$cc" "${EMULATOR:-node}"; do
    command -v "$tool" >/dev/null || { echo "'$tool' is missing (Debian: apt install clang lld nodejs)"; exit 3; }
done
ld=${WASM_LD:-`"$cc" -print-prog-name=wasm-ld`}
command -v "$ld" >/dev/null || { echo "the linker '$ld' is missing (Debian: apt install lld)"; exit 3; }
flags=
[ "$1" = 0 ] || flags="-msimd128 -mbulk-memory"
for f in *.c; do
    "$cc" --target=wasm32 -std=c99 -ffreestanding -fno-builtin -I. -Dmain=run $flags ${CFLAGS:--O2} -c "$f" -o "$f.o" || exit 1
done
"$ld" --no-entry --stack-first -z stack-size=65536 --export=run ./*.o -o verify.wasm || exit 1
"${EMULATOR:-node}" loom_verify.mjs
