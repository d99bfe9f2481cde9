/* From bytes to messages: reads what is there, and gives each whole message to the dialect. */
#ifndef LOAD_RECEIVING_H
#define LOAD_RECEIVING_H

#include "client.h"

/* Reads once from a client whose connection stands. */
void client_receive(Client *client);

#endif
