/* sums.h - the order of sums with one result (lanes8).
 *
 * Lane l takes the elements k with k mod 8 == l in ascending order, starting at zero:
 *     REAL s[8] = {0};  s[k % 8] += v;
 * and LANES8(s) adds the lanes up. Eight, so that any vector width up to eight gives the same bits. */
#ifndef LOOMC_SUMS_H
#define LOOMC_SUMS_H

#define LANES8(s) ((((s)[0] + (s)[4]) + ((s)[2] + (s)[6])) + (((s)[1] + (s)[5]) + ((s)[3] + (s)[7])))

#endif
