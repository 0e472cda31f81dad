/* report.c - what a network costs, and the reference of the format. */
#include "loomc.h"

int command_report(session *s) { (void)s; return 1; }
int command_docs(session *s) { (void)s; return 1; }
