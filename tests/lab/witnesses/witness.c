/* One harmless act, done inside a container: does the kernel let it through?
 *
 * Called as `witness ACT [WORD…]`. Ends with 0 if the act was done, and prints what it read; with 1
 * if it was refused, and prints the name of the errno (or of what else was in the way); with 2 if
 * it could not be tried at all, which is never an answer. Every act reads, writes back what it
 * read, makes something of its own and takes it away again, or opens and closes. None uses a flaw
 * of the kernel. Which act stands for which way out is said in witnesses.yaml.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/keyctl.h>
#include <linux/netlink.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timex.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define OFFSET_OF_PORT 22  /* in an IPv4 datagram without options: 20 bytes of IP, 2 of UDP */
#define WAIT_MS 3000
#define SETTLE_US 400000
#define OPEN_TREE_ATTR 467 /* the same on every architecture; Linux 6.15 */

static char buffer[65536];
static char own[64]; /* where it makes what it needs to make: several may act in one container */

__attribute__((noreturn)) static void refused(const char *why) { puts(why); exit(1); }
__attribute__((noreturn)) static void barred(void) { refused(strerrorname_np(errno)); }
__attribute__((noreturn)) static void broken(const char *what) {
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(2);
}
static long must(long got) { if (got < 0) barred(); return got; }

static size_t slurp(int fd) {
    size_t length = must(read(fd, buffer, sizeof buffer - 1));
    buffer[length] = 0;
    return length;
}

/* Files. */

static void read_file(char **words) {
    size_t length = slurp(must(open(words[0], O_RDONLY | O_NONBLOCK)));
    fwrite(buffer, 1, length, stdout);
}

static void same(char **words) { /* writes back the value that stands there */
    size_t length = slurp(must(open(words[0], O_RDONLY)));
    int fd = must(open(words[0], O_WRONLY));
    must(write(fd, buffer, length));
}

static void holds(char **words) { /* the file says WORD and nothing else */
    size_t length = slurp(must(open(words[0], O_RDONLY)));
    while (length && buffer[length - 1] == '\n') buffer[--length] = 0;
    if (strcmp(buffer, words[1])) refused("another value");
}

static void open_file(char **words) {
    int mode = !strcmp(words[0], "r") ? O_RDONLY : !strcmp(words[0], "w") ? O_WRONLY : O_RDWR;
    close(must(open(words[1], mode | O_NONBLOCK)));
}

static void put(char **words) { /* a new file that says WORD */
    int fd = must(open(words[0], O_WRONLY | O_CREAT | O_EXCL, 0644));
    must(write(fd, words[1], strlen(words[1])));
}

static void over(char **words) { /* what stands in a file becomes WORD */
    int fd = must(open(words[0], O_WRONLY | O_TRUNC));
    must(write(fd, words[1], strlen(words[1])));
}

static void put_away(char **words) { put(words); must(unlink(words[0])); }

static void by_handle(char **words) { /* PATH on the file system, TYPE and BYTES of the handle */
    union { struct file_handle head; char room[sizeof(struct file_handle) + MAX_HANDLE_SZ]; } one;
    size_t length = strlen(words[2]) / 2;
    if (length > MAX_HANDLE_SZ) broken("handle");
    one.head.handle_bytes = length;
    one.head.handle_type = atoi(words[1]);
    for (size_t n = 0; n < length; n++) sscanf(words[2] + 2 * n, "%2hhx", &one.head.f_handle[n]);
    int on = must(open(words[0], O_RDONLY));
    size_t got = slurp(must(open_by_handle_at(on, &one.head, O_RDONLY)));
    fwrite(buffer, 1, got, stdout);
}

static void handle_of(char **words) { /* for the host: TYPE and BYTES of a file's handle */
    union { struct file_handle head; char room[sizeof(struct file_handle) + MAX_HANDLE_SZ]; } one;
    int mount_id;
    one.head.handle_bytes = MAX_HANDLE_SZ;
    must(name_to_handle_at(AT_FDCWD, words[0], &one.head, &mount_id, 0));
    printf("%d ", one.head.handle_type);
    for (size_t n = 0; n < one.head.handle_bytes; n++) printf("%02x", one.head.f_handle[n]);
}

static void node(char **words) { /* makes the node of the disk MAJOR MINOR, and reads it */
    must(mknod(own, S_IFBLK | 0600, makedev(atoi(words[0]), atoi(words[1]))));
    int fd = open(own, O_RDONLY), why = errno;
    unlink(own);
    errno = why;
    size_t length = slurp(must(fd));
    fwrite(buffer, 1, length > 512 ? 512 : length, stdout);
}

/* Mounts. */

static const char *below(const char *name) {
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", own, name);
    return path;
}

static void attach(const char *type, const char *options) {
    if (mkdir(own, 0700)) broken(own);
    int failed = mount("witness", own, type, 0, options), why = errno;
    if (failed) rmdir(own);
    errno = why;
    must(failed);
}

static void detach(void) { if (umount2(own, MNT_DETACH) || rmdir(own)) broken("umount"); }

static void procfs(char **words) { /* a proc of its own, and core_pattern as it was */
    (void)words;
    attach("proc", 0);
    int fd = open(below("sys/kernel/core_pattern"), O_RDWR), why = errno;
    long done = fd < 0 ? -1 : read(fd, buffer, sizeof buffer);
    if (done > 0) { lseek(fd, 0, SEEK_SET); done = write(fd, buffer, done); why = errno; }
    if (fd >= 0) close(fd);
    detach();
    errno = why;
    must(done);
}

static void reopened(char **words) { /* a copy of /proc/sys that is not read-only, mounted nowhere */
    (void)words;
    struct mount_attr attr = {.attr_clr = MOUNT_ATTR_RDONLY};
    int copy = must(syscall(OPEN_TREE_ATTR, AT_FDCWD, "/proc/sys", OPEN_TREE_CLONE, &attr, sizeof attr));
    int fd = must(openat(copy, "kernel/core_pattern", O_RDWR));
    size_t length = slurp(fd);
    lseek(fd, 0, SEEK_SET);
    must(write(fd, buffer, length));
}

static void sysfs(char **words) { /* a sysfs of its own, and a setting opened to be written */
    (void)words;
    attach("sysfs", 0);
    /* It is the one that /sys shows, of this network namespace alone, and read-only until asked. */
    if (mount(0, own, 0, MS_REMOUNT, 0)) broken("remount");
    int fd = open(below("kernel/mm/ksm/run"), O_WRONLY), why = errno;
    if (fd >= 0) close(fd);
    if (mount(0, own, 0, MS_REMOUNT | MS_RDONLY, 0)) broken("remount");
    detach();
    errno = why;
    must(fd);
}

static void release_agent(char **words) { /* NAME of a new hierarchy, PATH of the host's script */
    char options[64];
    snprintf(options, sizeof options, "none,name=%s", words[0]);
    attach("cgroup", options);
    int agent = open(below("release_agent"), O_WRONLY);
    int told = agent < 0 ? -1 : write(agent, words[1], strlen(words[1])), why = errno;
    if (told > 0) {
        if (chmod(own, 0755) || mkdir(below("child"), 0755)) broken("child");
        int notify = open(below("child/notify_on_release"), O_WRONLY);
        if (notify < 0 || write(notify, "1", 1) != 1) broken("notify");
        pid_t pid = fork();
        if (!pid) { /* enters the group and leaves it empty */
            int procs = open(below("child/cgroup.procs"), O_WRONLY);
            _exit(write(procs, "0", 1) != 1);
        }
        waitpid(pid, 0, 0);
        usleep(SETTLE_US); /* the kernel starts the script in its own time */
        rmdir(below("child"));
        lseek(agent, 0, SEEK_SET);
        if (write(agent, "\n", 1) != 1) broken("clear");
    }
    if (agent >= 0) close(agent);
    detach();
    errno = why;
    must(told);
}

static void shown_mount(char **words) { /* a tmpfs at FOLDER/new with a file that says WORD */
    char path[4096];
    snprintf(path, sizeof path, "%s/new", words[0]);
    if (mkdir(path, 0755) && errno != EEXIST) barred();
    must(mount("witness", path, "tmpfs", 0, "size=4k"));
    strcat(path, "/mark");
    put((char *[]){path, words[1]});
}

/* Sockets. */

static void dial_unix(int *fd, const char *path, int abstract) {
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    strncpy(to.sun_path + abstract, path, sizeof to.sun_path - 2);
    socklen_t length = offsetof(struct sockaddr_un, sun_path) + abstract + strlen(path);
    *fd = must(socket(AF_UNIX, SOCK_STREAM, 0));
    must(connect(*fd, (struct sockaddr *)&to, length + !abstract));
}

static void ping(char **words) { /* asks an engine's API whether it is there */
    int fd;
    static const char request[] = "GET /_ping HTTP/1.0\r\nHost: witness\r\n\r\n";
    dial_unix(&fd, words[0], 0);
    must(write(fd, request, sizeof request - 1));
    slurp(fd);
    if (!strstr(buffer, " 200 ")) refused("no answer");
}

static void grpc(char **words) { /* greets a gRPC server, which answers with its settings */
    int fd;
    static const char hello[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0";
    dial_unix(&fd, words[0], 0);
    must(write(fd, hello, sizeof hello));
    size_t length = slurp(fd);
    if (length < 9 || buffer[3] != 4) refused("no answer");
}

static void abstract(char **words) {
    int fd;
    dial_unix(&fd, words[0], 1);
    slurp(fd);
    fputs(buffer, stdout);
}

static void loopback(char **words) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(words[0])),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = must(socket(AF_INET, SOCK_STREAM, 0));
    must(connect(fd, (struct sockaddr *)&to, sizeof to));
    slurp(fd);
    fputs(buffer, stdout);
}

static void sniff(char **words) { /* one datagram to PORT of the loopback, and none else */
    struct sock_filter rows[] = {
        {BPF_LD | BPF_H | BPF_ABS, 0, 0, OFFSET_OF_PORT},
        {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, atoi(words[0])},
        {BPF_RET | BPF_K, 0, 0, 0xffff},
        {BPF_RET | BPF_K, 0, 0, 0},
    };
    struct sock_fprog filter = {4, rows};
    int fd = must(socket(AF_PACKET, SOCK_DGRAM, 0)); /* protocol 0: nothing comes before bind */
    must(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter));
    struct sockaddr_ll on = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP),
                             .sll_ifindex = if_nametoindex("lo")};
    must(bind(fd, (struct sockaddr *)&on, sizeof on));
    struct pollfd ready = {fd, POLLIN, 0};
    if (poll(&ready, 1, WAIT_MS) != 1) refused("nothing passed by");
    size_t length = slurp(fd);
    if (length > 28) fwrite(buffer + 28, 1, length - 28, stdout);
}

static void packet(char **words) {
    (void)words;
    close(must(socket(AF_PACKET, SOCK_DGRAM, 0)));
}

static void same_mtu(char **words) { /* of interface NAME */
    struct ifreq ask = {0};
    int fd = must(socket(AF_INET, SOCK_DGRAM, 0));
    strncpy(ask.ifr_name, words[0], IFNAMSIZ - 1);
    must(ioctl(fd, SIOCGIFMTU, &ask));
    must(ioctl(fd, SIOCSIFMTU, &ask));
}

/* Processes and namespaces. */

static void look(char **words) { /* at FILE of the process PID */
    char path[4096];
    snprintf(path, sizeof path, "/proc/%s/%s", words[0], words[1]);
    size_t length = slurp(must(open(path, O_RDONLY)));
    fwrite(buffer, 1, length, stdout);
}

static void seize(char **words) { /* the process PID, for an instant */
    pid_t pid = atoi(words[0]);
    must(ptrace(PTRACE_SEIZE, pid, 0, 0));
    ptrace(PTRACE_INTERRUPT, pid, 0, 0);
    waitpid(pid, 0, __WALL);
    must(ptrace(PTRACE_DETACH, pid, 0, 0));
}

static void may_signal(char **words) { must(kill(atoi(words[0]), 0)); }

static void segment(char **words) { /* the text in the shared memory of KEY */
    int id = must(shmget(strtoul(words[0], 0, 0), 0, 0));
    char *at = shmat(id, 0, SHM_RDONLY);
    if (at == (void *)-1) barred();
    printf("%.64s", at);
}

static void host_name(char **words) { /* is NAME */
    if (gethostname(buffer, sizeof buffer)) broken("name");
    if (strcmp(buffer, words[0])) refused("another value");
}

static void same_name(char **words) { /* sets the name NAME of this host, which it has */
    host_name(words);
    must(sethostname(words[0], strlen(words[0])));
}

static void effective_root(char **words) {
    (void)words;
    if (geteuid()) refused("not root");
}

/* What the kernel answers to. */

static void module(char **words) { /* no file at all: EBADF is the answer of who would load one */
    (void)words;
    if (!syscall(SYS_finit_module, -1, "", 0)) broken("module");
    if (errno != EBADF) barred();
}

static void program(char **words) { /* a tracing program that returns 0, loaded and closed */
    (void)words;
    struct bpf_insn rows[] = {{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0},
                              {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
    union bpf_attr ask = {.prog_type = BPF_PROG_TYPE_TRACEPOINT, .insn_cnt = 2,
                          .insns = (unsigned long)rows, .license = (unsigned long)"GPL"};
    close(must(syscall(SYS_bpf, BPF_PROG_LOAD, &ask, sizeof ask)));
}

static void keyring(char **words) { /* the number of the user's own; it is not looked into */
    (void)words;
    if (syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 0) < 0 &&
        errno != ENOKEY) barred();
}

static void faults(char **words) {
    (void)words;
    close(must(syscall(SYS_userfaultfd, 1 /* UFFD_USER_MODE_ONLY */)));
}

static void addresses(char **words) { /* of the kernel: the first is not 0 */
    (void)words;
    slurp(must(open("/proc/kallsyms", O_RDONLY)));
    if (strtoul(buffer, 0, 16) == 0) refused("zeros");
}

static void same_tick(char **words) { /* of the clock, as it is */
    (void)words;
    struct timex clock = {.modes = 0};
    must(adjtimex(&clock));
    clock.modes = ADJ_TICK;
    must(adjtimex(&clock));
}

static void audit(char **words) { /* how the host's audit is set; nothing is set */
    (void)words;
    struct nlmsghdr ask = {.nlmsg_len = sizeof ask, .nlmsg_type = AUDIT_GET, .nlmsg_flags = NLM_F_REQUEST};
    int fd = must(socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT));
    must(send(fd, &ask, sizeof ask, 0));
    struct pollfd ready = {fd, POLLIN, 0};
    if (poll(&ready, 1, WAIT_MS) != 1) refused("no answer");
    slurp(fd);
    struct nlmsghdr *answer = (struct nlmsghdr *)buffer;
    if (answer->nlmsg_type != NLMSG_ERROR) return;
    errno = -((struct nlmsgerr *)NLMSG_DATA(answer))->error;
    if (errno) barred();
}

static void ports(char **words) { /* the right to use them, which ends with this process */
    (void)words;
#ifdef SYS_iopl
    must(syscall(SYS_iopl, 3));
#else
    refused("no ports");
#endif
}

static void nicer(char **words) { (void)words; must(setpriority(PRIO_PROCESS, 0, -1)); }

static const struct { const char *name; int words; void (*act)(char **); } acts[] = {
    {"read", 1, read_file}, {"same", 1, same}, {"holds", 2, holds}, {"open", 2, open_file},
    {"put", 2, put}, {"over", 2, over}, {"put-away", 2, put_away},
    {"by-handle", 3, by_handle}, {"handle-of", 1, handle_of}, {"node", 2, node},
    {"procfs", 0, procfs}, {"reopened", 0, reopened}, {"sysfs", 0, sysfs}, {"release-agent", 2, release_agent},
    {"shown-mount", 2, shown_mount},
    {"ping", 1, ping}, {"grpc", 1, grpc}, {"abstract", 1, abstract}, {"loopback", 1, loopback},
    {"sniff", 1, sniff}, {"packet", 0, packet}, {"same-mtu", 1, same_mtu},
    {"look", 2, look}, {"seize", 1, seize}, {"may-signal", 1, may_signal},
    {"segment", 1, segment}, {"host-name", 1, host_name}, {"same-name", 1, same_name},
    {"effective-root", 0, effective_root},
    {"module", 0, module}, {"program", 0, program}, {"keyring", 0, keyring}, {"faults", 0, faults},
    {"addresses", 0, addresses}, {"same-tick", 0, same_tick}, {"ports", 0, ports}, {"audit", 0, audit}, {"nicer", 0, nicer},
};

int main(int count, char **words) {
    snprintf(own, sizeof own, "/tmp/witness-%d", getpid());
    for (size_t n = 0; count > 1 && n < sizeof acts / sizeof *acts; n++) {
        if (strcmp(words[1], acts[n].name) || count - 2 != acts[n].words) continue;
        acts[n].act(words + 2);
        return 0;
    }
    fputs("witness: no such act, or not with so many words\n", stderr);
    return 2;
}
