#!/bin/sh
# Builds the model plainly, and in traced/ with a call after each step; runs both in QEMU; writes what was measured to
# measured.txt, a name and a number a line.
cc=${CC:-$(target.cc)}
tools=$(target.cc:gsub("gcc$", ""))
for tool in "$cc" "${tools}nm" "${tools}size" cc $(target.run:match("^%S+")); do
    command -v "$tool" >/dev/null || { echo "'$tool' is missing (Debian: apt install $(target.packages) gcc)"; exit 3; }
done
build() {
    "$cc" -std=c99 ${CFLAGS:--Os} $(target.flags) -c ./*.c && "$cc" $(target.flags) ./*.o $(target.link) -o measured
}
# run FUNCTION: the instructions between the times that it is reached
run() {
    address=`"${tools}nm" measured | sed -n "s/^\([0-9a-f]*\) [Tt] $1\$/0x\1/p"`
    $(target.run:gsub("%-kernel$", "")) -plugin file="$home/count.so",mark="$address" -kernel measured </dev/null >said.log 2>&1 ||
        { cat said.log; exit 1; }
    awk 'NR > 1 { print $1 - last } { last = $1 }' marks.txt
}
size_of() { "${tools}size" "$@" | awk 'NR > 1 { n += $1 + $2 } END { print n + 0 }'; }

home=`pwd`
cc -x c -O2 -fPIC -shared count.plugin -o count.so || exit 1
build || exit 1
weights=`size_of $(id)_weights.o`
code=`size_of $(id).o$(train and " " .. id .. "_train.o" or "")`
other=`size_of loom_measure.o loom_board.o`
memory=`size_of loom_memory.o`
all=`size_of measured`
: >measured.txt
echo "weights $weights" >>measured.txt
echo "code $code" >>measured.txt
library=`expr $all - $weights - $code - $other - $memory`
echo "library `[ $library -lt 0 ] && echo 0 || echo $library`" >>measured.txt
run loom_mark >counts || exit 1
cat said.txt >>measured.txt
awk 'NR == 1 { mark = $1 } NR == 2 { print "forward", $1 - mark } NR == 4 { print "train", $1 - mark }' counts >>measured.txt
cd traced || exit 1
build || exit 1
run $(id)_trace >counts || exit 1
[ `wc -l <marks.txt` = `wc -l <said.txt` ] || { echo "marks were missed: `wc -l <marks.txt` of `wc -l <said.txt`"; exit 1; }
sed 1d said.txt | paste -d ' ' - counts | awk 'NR == 1 { mark = $3; next } { print $1, $2, ($3 > mark ? $3 - mark : 0) }' >>../measured.txt
