// SPDX-License-Identifier: BSD-3-Clause
// measure FILE COMMAND...: runs the command; writes "user seconds|peak MiB of its largest process"
// to FILE.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

int main(int argc, char** argv) {
  if (argc < 3) return std::fprintf(stderr, "usage: measure FILE COMMAND...\n"), 2;
  const pid_t child = fork();
  if (child < 0) return std::perror("fork"), 1;
  if (child == 0) {
    execvp(argv[2], argv + 2);
    std::perror(argv[2]);
    _exit(127);
  }
  int status = 0;
  if (waitpid(child, &status, 0) != child) return std::perror("waitpid"), 1;
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  std::FILE* file = std::fopen(argv[1], "w");
  if (!file) return std::perror(argv[1]), 1;
  std::fprintf(file, "%.2f|%ld",
               static_cast<double>(usage.ru_utime.tv_sec) +
                   1e-6 * static_cast<double>(usage.ru_utime.tv_usec),
               usage.ru_maxrss / 1024);
  std::fclose(file);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
