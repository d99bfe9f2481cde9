/* The Centrifuge protocol in Protobuf: commands and replies in binary frames, each behind its size. */
#include <stdio.h>
#include <string.h>

#include "centrifuge.h"
#include "protobuf.h"

enum { COMMAND_ID = 1, COMMAND_CONNECT = 4, COMMAND_SUBSCRIBE = 5 };
enum { SUBSCRIBE_CHANNEL = 1, SUBSCRIBE_RECOVER = 3, SUBSCRIBE_EPOCH = 6, SUBSCRIBE_OFFSET = 7 };
enum { REPLY_ID = 1, REPLY_ERROR = 2, REPLY_PUSH = 4, REPLY_SUBSCRIBE = 6 };
enum { PUSH_CHANNEL = 2, PUSH_PUBLICATION = 4, PUSH_UNSUBSCRIBE = 7, PUSH_DISCONNECT = 11 };
enum { PUBLICATION_DATA = 4, PUBLICATION_OFFSET = 6, PUBLICATION_EPOCH = 14 };
enum { RESULT_EPOCH = 6, RESULT_PUBLICATION = 7, RESULT_RECOVERED = 8, RESULT_OFFSET = 9 };
/* Where the code is; the words are the field behind it. */
enum { ERROR_CODE = 1, UNSUBSCRIBE_CODE = 2, DISCONNECT_CODE = 1 };

static void protobuf_path(const Client *client, Bytes *out) {
    bytes_add_topic(out, run.path, topic_of(client, 0));
    bytes_add_text(out, strchr(run.path, '?') == NULL ? "?format=protobuf" : "&format=protobuf");
}

static void add_command(Bytes *commands, uint64_t id, uint32_t kind, const Bytes *request) {
    Bytes command = {0};
    protobuf_add_number(&command, COMMAND_ID, id);
    protobuf_add_bytes(&command, kind, (Span){request->data, request->size});
    protobuf_add_varint(commands, command.size);
    bytes_add(commands, command.data, command.size);
    bytes_free(&command);
}

static void protobuf_opened(Client *client) {
    Bytes commands = {0}, request = {0}, channel = {0};
    add_command(&commands, CONNECT_ID, COMMAND_CONNECT, &request);
    for (uint32_t at = 0; at < run.per_client; at++) {
        const Subscription *subscription = &client->subscriptions[at];
        request.size = channel.size = 0;
        bytes_add_topic(&channel, run.channel, topic_of(client, at));
        protobuf_add_bytes(&request, SUBSCRIBE_CHANNEL, (Span){channel.data, channel.size});
        if (centrifuge_recovers(subscription)) {
            protobuf_add_number(&request, SUBSCRIBE_RECOVER, true);
            protobuf_add_bytes(&request, SUBSCRIBE_EPOCH, (Span){subscription->epoch, strlen(subscription->epoch)});
            protobuf_add_number(&request, SUBSCRIBE_OFFSET, subscription->offset);
        }
        add_command(&commands, FIRST_SUBSCRIBE_ID + at, COMMAND_SUBSCRIBE, &request);
    }
    client_send(client, BINARY, (Span){commands.data, commands.size});
    bytes_free(&commands);
    bytes_free(&request);
    bytes_free(&channel);
}

static void published(const Client *client, Span publication) {
    Span data = {0}, epoch = {0};
    uint64_t offset = 0;
    for (Field field; protobuf_field(&publication, &field);) {
        if (field.number == PUBLICATION_DATA)
            data = field.bytes;
        else if (field.number == PUBLICATION_OFFSET)
            offset = field.value;
        else if (field.number == PUBLICATION_EPOCH)
            epoch = field.bytes;
    }
    if (data.size > 0)
        centrifuge_published(client, data, offset, epoch);
}

static void describe(Span message, uint32_t code_number, char *out, size_t size) {
    uint64_t code = 0;
    Span words = {0};
    for (Field field; protobuf_field(&message, &field);) {
        if (field.number == code_number)
            code = field.value;
        else if (field.number == code_number + 1)
            words = field.bytes;
    }
    snprintf(out, size, "%u %.*s", (unsigned)code, (int)words.size, words.data == NULL ? "" : words.data);
}

static void pushed(Client *client, Span push) {
    char words[120], text[160];
    for (Field field; protobuf_field(&push, &field);) {
        if (field.number == PUSH_PUBLICATION) {
            published(client, field.bytes);
        } else if (field.number == PUSH_UNSUBSCRIBE) {
            describe(field.bytes, UNSUBSCRIBE_CODE, words, sizeof words);
            run.tally.unsubscribed++;
            snprintf(text, sizeof text, "unsubscribed: %s", words);
            tally_reason(&run.tally, text);
        } else if (field.number == PUSH_DISCONNECT) {
            describe(field.bytes, DISCONNECT_CODE, words, sizeof words);
            client_lost(client, "disconnected: %s", words);
            return;
        }
    }
}

static void subscribed(Client *client, uint64_t id, Span result) {
    Subscription *subscription = centrifuge_subscription(client, id);
    if (subscription == NULL)
        return;
    Outcome outcome = {0};
    Span rest = result;
    for (Field field; protobuf_field(&rest, &field);) {
        if (field.number == RESULT_EPOCH)
            outcome.epoch = field.bytes;
        else if (field.number == RESULT_OFFSET)
            outcome.offset = field.value;
        else if (field.number == RESULT_RECOVERED)
            outcome.recovered = field.value != 0;
    }
    centrifuge_subscribed(client, subscription, &outcome);
    for (Field field; protobuf_field(&result, &field);)
        if (field.number == RESULT_PUBLICATION)
            published(client, field.bytes);
}

static void took(Client *client, Span reply) {
    uint64_t id = 0;
    for (Field field; protobuf_field(&reply, &field);) {
        if (field.number == REPLY_ID) {
            id = field.value;
        } else if (field.number == REPLY_PUSH) {
            pushed(client, field.bytes);
        } else if (field.number == REPLY_SUBSCRIBE) {
            subscribed(client, id, field.bytes);
        } else if (field.number == REPLY_ERROR) {
            char words[120];
            describe(field.bytes, ERROR_CODE, words, sizeof words);
            client_lost(client, "%s was answered by error %s", id == CONNECT_ID ? "connect" : "subscribe", words);
        }
        if (client->fd < 0)
            return;
    }
}

static void protobuf_message(Client *client, Span message) {
    uint64_t size;
    while (message.size > 0 && client->fd >= 0) {
        if (!protobuf_varint(&message, &size) || size > message.size) {
            client_lost(client, "a frame holds an unfinished message");
            return;
        }
        if (size == 0)
            client_send(client, BINARY, (Span){"\0", 1});
        else
            took(client, (Span){message.data, size});
        message.data += size;
        message.size -= size;
    }
}

const Dialect CENTRIFUGE_PROTOBUF = {"centrifuge-protobuf", "device:bench-%04d", protobuf_path, protobuf_opened,
                                     protobuf_message};
