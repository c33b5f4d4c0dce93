/* list.h -- the programs for people who plug modems in: `gong-modem list [GLOB]` and
 * `gong-modem probe DEVICE`; JSON on standard output. */
#ifndef GONG_MODEM_LIST_H
#define GONG_MODEM_LIST_H

int list_main(int argc, char **argv);	/* the exit status */

#endif
