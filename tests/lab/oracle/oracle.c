/* Asks the kernel what seccomp filters do with system calls, without making any of them.
 *
 * Below the filters under test lies one more that answers SECCOMP_RET_TRACE to everything. Of
 * stacked filters the strictest answer counts, and TRACE is weaker than ERRNO and stronger than
 * ALLOW (seccomp(2)). There is no tracer, so the kernel skips the call and returns ENOSYS: a call
 * that the filters allow ends in ENOSYS, one that they refuse in the errno that the test has put
 * in place of every other action. No call is ever carried out.
 *
 * The child reports through shared memory, for it may not be able to write or to exit; the parent
 * ends it. Each filter under test must let pass seccomp(2) with MAGIC as its sixth argument, or
 * the next one could not be installed; the test puts that before it.
 *
 * Standard input: u32 filters; for each u32 length and its instructions, the oldest first; u32
 * calls; for each u32 interface (0 syscall, 1 int 0x80), u32 unused, u64 number, u64 arguments[6].
 * Standard output: i64 result for each call.
 */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAGIC 0x5ca1ab1e

struct call {
	uint32_t interface, unused;
	uint64_t number, args[6];
};

struct shared {
	volatile int done;
	int64_t results[];
};

static void take(void *into, size_t size)
{
	if (size && fread(into, size, 1, stdin) != 1)
		_exit(3);
}

static long native(uint64_t number, const uint64_t *args)
{
	long result = number;
	register uint64_t r10 asm("r10") = args[3];
	register uint64_t r8 asm("r8") = args[4];
	register uint64_t r9 asm("r9") = args[5];
	asm volatile("syscall" : "+a"(result)
		     : "D"(args[0]), "S"(args[1]), "d"(args[2]), "r"(r10), "r"(r8), "r"(r9)
		     : "rcx", "r11", "memory");
	return result;
}

static long i386(uint64_t number, const uint64_t *args)
{
	long result = number;
	asm volatile("push %%rbp\n\tpush %%rbx\n\tmov %[six], %%rbp\n\tmov %[one], %%rbx\n\t"
		     "int $0x80\n\tpop %%rbx\n\tpop %%rbp"
		     : "+a"(result)
		     : [one] "r"(args[0]), "c"(args[1]), "d"(args[2]), "S"(args[3]), "D"(args[4]),
		       [six] "r"(args[5])
		     : "r8", "r9", "r10", "r11", "memory");
	return (int32_t)result;
}

static int install(struct sock_filter *code, unsigned short length)
{
	struct sock_fprog program = {length, code};
	uint64_t args[6] = {SECCOMP_SET_MODE_FILTER, 0, (uint64_t)&program, 0, 0, MAGIC};
	return native(SYS_seccomp, args) < 0 ? -1 : 0;
}

static int skip_everything(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 56),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MAGIC, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
	};
	return install(code, sizeof(code) / sizeof(*code));
}

int main(void)
{
	uint32_t filters, calls, i;
	take(&filters, 4);
	struct sock_filter **code = calloc(filters + 1, sizeof(*code));
	uint32_t *length = calloc(filters + 1, sizeof(*length));
	for (i = 0; i < filters; i++) {
		take(&length[i], 4);
		code[i] = calloc(length[i] + 1, sizeof(**code));
		take(code[i], length[i] * sizeof(**code));
	}
	take(&calls, 4);
	struct call *asked = calloc(calls + 1, sizeof(*asked));
	take(asked, calls * sizeof(*asked));
	size_t size = sizeof(struct shared) + calls * sizeof(int64_t);
	struct shared *shared = mmap(NULL, size, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 3;
	pid_t child = fork();
	if (child < 0)
		return 3;
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || skip_everything())
			shared->done = -1;
		for (i = 0; i < filters && !shared->done; i++)
			if (install(code[i], length[i]))
				shared->done = -2;
		for (i = 0; i < calls && !shared->done; i++)
			shared->results[i] = asked[i].interface ? i386(asked[i].number, asked[i].args)
								: native(asked[i].number, asked[i].args);
		if (!shared->done)
			shared->done = 1;
		for (;;)
			asm volatile("pause");
	}
	for (i = 0; i < 20000 && !shared->done; i++) {
		usleep(500);
		if (waitpid(child, NULL, WNOHANG) == child)
			return 4; /* ended by itself: a signal, where the kernel has no int 0x80 */
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	if (shared->done != 1)
		return shared->done == -2 ? 5 : 6;
	return fwrite(shared->results, sizeof(int64_t), calls, stdout) == calls ? 0 : 3;
}
