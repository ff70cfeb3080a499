/* Makes the system calls that a test asks for.
 *
 * probe calls ABI CALL...    each CALL is NR,A0,A1,A2,A3,A4,A5 where an A is a number or @PATH; ABI is 64, 32 or x32
 * probe SCENARIO             one of the functions below
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char *low; /* memory below 4 GiB, which 32-bit calls can point to */

static long call32(long n, long *a) {
    long r;
    register long sixth __asm__("r8") = a[5];
    __asm__ volatile("push %%rbp; mov %%r8, %%rbp; int $0x80; pop %%rbp"
                     : "=a"(r), "+r"(sixth)
                     : "a"(n), "b"(a[0]), "c"(a[1]), "d"(a[2]), "S"(a[3]), "D"(a[4])
                     : "memory", "r9", "r10", "r11");
    return r;
}

static long argument(char *text) {
    if (*text != '@') return strtol(text, NULL, 0);
    strcpy(low, text + 1);
    char *here = low;
    low += strlen(low) + 1;
    return (long)here;
}

static int calls(int count, char **list, const char *abi) {
    low = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    for (int i = 0; i < count; i++) {
        long a[6] = {0}, n = strtol(strtok(list[i], ","), NULL, 0);
        char *text;
        for (int k = 0; k < 6 && (text = strtok(NULL, ",")); k++) a[k] = argument(text);
        if (!strcmp(abi, "32"))
            call32(n, a);
        else
            syscall(n | (strcmp(abi, "x32") ? 0 : 0x40000000), a[0], a[1], a[2], a[3], a[4], a[5]);
    }
    return 0;
}

static void look(const char *path) {
    struct stat status;
    syscall(SYS_newfstatat, AT_FDCWD, path, &status, 0);
}

static int folders(void) {
    struct stat status;
    mkdir("/made", 0755);
    mkdir("/made/inner", 0755);
    look("relative-to-root");
    chdir("/made");
    look("relative-to-made");
    look("../up");
    look("./dot");
    int folder = open("/made/inner", O_RDONLY | O_DIRECTORY);
    int anchor = open("/made/inner", O_PATH | O_DIRECTORY);
    syscall(SYS_newfstatat, folder, "by-folder", &status, 0);
    syscall(SYS_newfstatat, anchor, "by-anchor", &status, AT_SYMLINK_NOFOLLOW);
    fchdir(folder);
    look("after-fchdir");
    close(folder);
    folder = open("/made", O_RDONLY | O_DIRECTORY);
    syscall(SYS_newfstatat, folder, "by-folder", &status, 0); /* same number, same name, another folder */
    syscall(SYS_newfstatat, 999, "no-such-folder", &status, 0);
    rmdir("/made/inner");
    look("in-removed");
    return 0;
}

static int root(void) {
    mkdir("/jail", 0755);
    mkdir("/jail/sub", 0755);
    look("/before");
    if (fork() == 0) {
        chdir("/jail/sub");
        chroot("/jail");
        look("/absolute");
        look("relative");
        look("../../../up");
        _exit(0);
    }
    wait(NULL);
    look("/after");
    return 0;
}

static int pointers(void) {
    long page = sysconf(_SC_PAGESIZE);
    char *map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(map + page, page);
    strcpy(map + page - 10, "/page-end");
    look(map + page - 10);
    memset(map, 'a', page);
    look(map); /* no end within the mapping */
    look((char *)1);
    look((char *)0xffff800000000000ul);
    look(NULL);
    look("");
    map = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *across = map + page - 5;
    memset(across, '/', 3000);
    strcpy(across + 3000, "/across");
    look(across);
    memset(map, 'b', 3 * page);
    *map = '/';
    look(map); /* longer than any path */
    look("/last");
    return 0;
}

/* Another thread than the first one executes: it takes over the first one's id. */
static void *executing(void *self) {
    char *arguments[] = {self, "look", "/by-thread", NULL};
    execv(self, arguments);
    return NULL;
}

static int executing_thread(char *self) {
    pthread_t thread;
    pthread_create(&thread, NULL, executing, self);
    pause();
    return 1;
}

/* Uses memory, descriptors and shared memory, leaves a child that nobody waits for, and waits. */
static int uses(void) {
    for (volatile char *block = malloc(32 << 20), *byte = block; byte < block + (32 << 20); byte += 4096) *byte = 1;
    for (int i = 0; i < 100; i++) open("/etc/passwd", O_RDONLY);
    int file = open("/dev/shm/block", O_RDWR | O_CREAT, 0600);
    void *block = malloc(5 << 20);
    write(file, block, 5 << 20);
    if (fork() == 0) _exit(0);
    for (volatile long i = 0; i < 300000000; i++) continue;
    puts("used");
    fflush(stdout);
    return pause();
}

static void *threaded(void *name) {
    look(name);
    return NULL;
}

static int threads(void) {
    char names[64][32];
    pthread_t ids[64];
    for (int i = 0; i < 64; i++) {
        snprintf(names[i], sizeof names[i], "/thread-%d", i);
        pthread_create(&ids[i], NULL, threaded, names[i]);
    }
    for (int i = 0; i < 64; i++) pthread_join(ids[i], NULL);
    return 0;
}

static int executed(char *self) {
    char *arguments[] = {self, "look", "/by-execve", "--password", "hunter2", NULL};
    if (vfork() == 0) {
        execv(self, arguments);
        _exit(1);
    }
    wait(NULL);
    pid_t child;
    char *spawned[] = {self, "look", "/by-spawn", NULL};
    posix_spawn(&child, self, NULL, NULL, spawned, NULL);
    wait(NULL);
    int memory = memfd_create("program", MFD_CLOEXEC), file = open(self, O_RDONLY);
    char buffer[65536];
    for (ssize_t n; (n = read(file, buffer, sizeof buffer)) > 0;) write(memory, buffer, n);
    if (fork() == 0) {
        char *from_memory[] = {"in-memory", "look", "/by-memory", NULL};
        syscall(SYS_execveat, memory, "", from_memory, NULL, AT_EMPTY_PATH);
        _exit(1);
    }
    wait(NULL);
    if (fork() == 0) {
        char *from_file[] = {"by-descriptor", "look", "/by-descriptor", NULL};
        syscall(SYS_execveat, file, "", from_file, NULL, AT_EMPTY_PATH);
        _exit(1);
    }
    wait(NULL);
    execv("/missing-program", arguments);
    return 0;
}

static int through_proc(void) {
    char path[64];
    int folder = open("/tmp", O_PATH | O_DIRECTORY);
    chdir("/usr");
    look("/proc/self/cwd/by-cwd");
    look("/proc/thread-self/root/by-root");
    look("/proc/self/exe");
    snprintf(path, sizeof path, "/proc/self/fd/%d/by-fd", folder);
    look(path);
    snprintf(path, sizeof path, "/proc/%d/cwd/by-pid", getpid());
    look(path);
    snprintf(path, sizeof path, "/dev/fd/%d/by-dev", folder);
    look(path);
    return 0;
}

static int network(void) {
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof four;
    int server = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    bind(server, (void *)&four, sizeof four); /* the kernel chooses the port */
    listen(server, 1);
    getsockname(server, (void *)&four, &size);
    connect(client, (void *)&four, sizeof four);
    printf("%d\n", ntohs(four.sin_port));
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(8080)};
    server = socket(AF_INET6, SOCK_STREAM, 0);
    bind(server, (void *)&six, sizeof six);
    listen(server, 1);
    server = socket(AF_INET, SOCK_DGRAM, 0);
    four.sin_port = htons(5353);
    bind(server, (void *)&four, sizeof four);
    chdir("/tmp");
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "server.sock"};
    server = socket(AF_UNIX, SOCK_STREAM, 0);
    bind(server, (void *)&name, sizeof name);
    listen(server, 1);
    strcpy(name.sun_path, "/run/missing.sock");
    connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&name, sizeof name);
    memcpy(name.sun_path, "\0hidden", 7);
    server = socket(AF_UNIX, SOCK_DGRAM, 0);
    bind(server, (void *)&name, sizeof(sa_family_t) + 7);
    connect(socket(AF_INET, SOCK_STREAM, 0), (void *)1, sizeof four);
    return 0;
}

static int bind_to(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    return bind(socket(AF_INET, SOCK_STREAM, 0), (void *)&address, sizeof address) != 0;
}

static int openat2_calls(void) {
    struct { uint64_t flags, mode, resolve; } how = {.flags = O_RDONLY};
    int folder = open("/usr", O_PATH | O_DIRECTORY);
    syscall(SYS_openat2, folder, "plain", &how, sizeof how);
    how.resolve = 0x10;
    syscall(SYS_openat2, folder, "/in-root", &how, sizeof how);
    how.flags = O_RDWR | O_CREAT, how.mode = 0600, how.resolve = 0;
    syscall(SYS_openat2, AT_FDCWD, "/tmp/created", &how, sizeof how);
    return 0;
}

static int denied(void) {
    printf("%d", syscall(SYS_io_uring_setup, 8, NULL) ? errno : 0);
    printf(" %d\n", syscall(SYS_open_by_handle_at, AT_FDCWD, NULL, O_RDONLY) ? errno : 0);
    return 0;
}

static int forks(int count) {
    for (int i = 0; i < count; i++) {
        if (fork() == 0) {
            char path[32];
            snprintf(path, sizeof path, "/fork-%d", i);
            look(path);
            _exit(0);
        }
        if (i >= 16) wait(NULL);
    }
    while (wait(NULL) > 0) continue;
    return 0;
}

/* Looks a path up again and again until there is a file /tmp/enough; fails if a look-up ever gives ENOSYS. */
static int busy(void) {
    struct stat status;
    for (int i = 0; i < 3; i++) fork();
    for (long n = 0;; n++) {
        char path[32];
        snprintf(path, sizeof path, "/busy-%ld", n % 1000);
        if (stat(path, &status) == 0 || errno != ENOENT) return 1;
        if (n == 1000) write(1, "busy\n", 5);
        if (stat("/tmp/enough", &status) == 0) break;
    }
    int bad = 0, one;
    while (wait(&one) > 0) bad |= one;
    return bad != 0;
}

/* Is interrupted by a timer all the time; each look-up must still give ENOENT or EINTR, and the last one is seen. */
static void nothing(int number) { (void)number; }
static int interrupted(void) {
    struct sigaction action = {.sa_handler = nothing, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, NULL);
    ualarm(50, 50);
    for (int i = 0; i < 2000; i++) {
        char path[32];
        struct stat status;
        snprintf(path, sizeof path, "/interrupted-%d", i);
        if (stat(path, &status) == 0 || errno != ENOENT) return 1;
    }
    return 0;
}

int main(int count, char **arguments) {
    if (count < 2) return 2;
    char *name = arguments[1];
    if (!strcmp(name, "calls")) return calls(count - 3, arguments + 3, arguments[2]);
    if (!strcmp(name, "look")) return look(arguments[2]), 0;
    if (!strcmp(name, "folders")) return folders();
    if (!strcmp(name, "root")) return root();
    if (!strcmp(name, "pointers")) return pointers();
    if (!strcmp(name, "threads")) return threads();
    if (!strcmp(name, "executing-thread")) return executing_thread("/bin/probe");
    if (!strcmp(name, "bind")) return bind_to(atoi(arguments[2]));
    if (!strcmp(name, "uses")) return uses();
    if (!strcmp(name, "executed")) return executed("/bin/probe");
    if (!strcmp(name, "through-proc")) return through_proc();
    if (!strcmp(name, "network")) return network();
    if (!strcmp(name, "openat2")) return openat2_calls();
    if (!strcmp(name, "denied")) return denied();
    if (!strcmp(name, "forks")) return forks(atoi(arguments[2]));
    if (!strcmp(name, "busy")) return busy();
    if (!strcmp(name, "interrupted")) return interrupted();
    if (!strcmp(name, "sleep")) return pause();
    return 2;
}
