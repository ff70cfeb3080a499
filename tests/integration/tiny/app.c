/* A small application that behaves, or misbehaves in one of the ways its first argument names. Linked statically. */
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void end(int number) { (void)number; _exit(0); }

/* A job: what is mounted has a file, and gets a copy of it. */
static int copy(void)
{
    char line[256];
    FILE *in = fopen("/data/in", "r"), *out = fopen("/data/out", "w");
    if (!in || !out) { perror("/data"); return 2; }
    while (fgets(line, sizeof line, in)) fputs(line, out);
    return fclose(out) ? 2 : 0;
}

static void serve(void)
{
    char request[4096], greeting[256] = "", answer[512];
    int on = 1, server = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(8080)};
    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(server, (struct sockaddr *)&address, sizeof address) || listen(server, 16)) { perror("listen"); exit(1); }
    for (;;) {
        int client = accept(server, 0, 0);
        FILE *file = fopen("/etc/greeting", "r"); /* needed at each request: a slim image has to have it */
        if (!file || !fgets(greeting, sizeof greeting, file)) { perror("/etc/greeting"); exit(2); }
        fclose(file);
        if (read(client, request, sizeof request) > 0) {
            int length = snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                                  "Content-Length: %zu\r\nConnection: close\r\n\r\n%s", strlen(greeting), greeting);
            if (write(client, answer, length) != length) perror("write");
        }
        close(client);
    }
}

int main(int argc, char **argv)
{
    const char *way = argc > 1 ? argv[1] : "serve";
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, end); /* as process 1 it would otherwise not be ended by it */
    setvbuf(stdout, 0, _IOLBF, 0);
    if (!strcmp(way, "fail")) { fprintf(stderr, "no harbour in sight\n"); return 3; }
    if (!strcmp(way, "copy")) return copy();
    if (!strcmp(way, "silent")) for (;;) pause();
    if (!strcmp(way, "stubborn")) signal(SIGTERM, SIG_IGN);
    if (!strcmp(way, "flood")) for (int line = 0; line < 1 << 18; line++) printf("%063d\n", line);
    if (!strcmp(way, "forks")) for (;;) if (fork() < 0 && errno == EAGAIN) for (;;) pause();
    serve();
}
