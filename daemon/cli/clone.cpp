#include "daemon/cli/clone.h"

#include <unistd.h>

#include "daemon/cli/command.h"
#include "lib/core/text.h"
#include "lib/fs/file.h"

namespace microstage::cli {

namespace {

struct Repository {
  std::string object_format;
  bool bare = false;
  std::string git_directory;
};

Result<Repository> look_at_repository(const Git& git) {
  const auto facts = git.run({"rev-parse", "--show-object-format", "--is-bare-repository", "--show-prefix"});
  if (!facts) return fail(facts.error());
  if (facts->exit_status != 0) {
    return fail(ErrorKind::invalid, git.directory() + " is no git repository; 'datalad create --force " +
                                        git.directory() + "' makes a dataset of it");
  }
  const auto lines = split(facts->output, '\n');
  Repository repository;
  repository.object_format = lines.at(0);
  repository.bare = lines.size() > 1 && lines.at(1) == "true";
  if (!repository.bare && lines.size() > 2 && !lines.at(2).empty()) {
    return fail(ErrorKind::invalid, git.directory() +
                                        " is a directory inside a dataset, or a subdataset that is not "
                                        "installed; give a dataset's top directory, or 'datalad get -n' "
                                        "it first");
  }
  auto directory = git.output({"rev-parse", "--git-common-dir"});
  if (!directory) return failure_of(directory);
  if (directory->ends_with('\n')) directory->pop_back();
  repository.git_directory = directory->starts_with('/') ? *directory : git.directory() + "/" + *directory;
  return repository;
}

Result<DatasetId> dataset_id(const Git& git, bool bare) {
  const Arguments where = bare ? Arguments{"--blob", "HEAD:.datalad/config"}
                               : Arguments{"--file", git.directory() + "/.datalad/config"};
  const auto found = git.run({"config", where[0], where[1], "--get", "datalad.dataset.id"});
  if (!found) return fail(found.error());
  if (found->exit_status != 0) {
    return fail(ErrorKind::invalid, git.directory() +
                                        " is no DataLad dataset (.datalad/config names no id); 'datalad "
                                        "create --force " +
                                        git.directory() + "' makes one of it");
  }
  return DatasetId::parse(one_line(found->output));
}

Result<std::string> current_branch(const Git& git) {
  const auto head = git.run({"symbolic-ref", "-q", "HEAD"});
  if (!head) return fail(head.error());
  std::string_view name = head->output;
  if (name.ends_with('\n')) name.remove_suffix(1);
  if (head->exit_status == 0 && consume_prefix(name, "refs/heads/")) return basis_branch(name);
  // A detached HEAD (a subdataset at a recorded commit): a branch that contains it.
  const auto branches =
      git.output({"for-each-ref", "--format=%(refname)", "--contains", "HEAD", "refs/heads/"});
  if (!branches) return fail(branches.error());
  for (std::string_view line : split(*branches, '\n')) {
    if (consume_prefix(line, "refs/heads/") && line != "git-annex" && !line.starts_with("synced/"))
      return basis_branch(line);
  }
  return std::string{"main"};
}

}  // namespace

Status check_owner(const std::string& path) {
  const auto directory = fs::File::open(fs::posix_file_ops(), path, O_RDONLY | O_DIRECTORY);
  if (!directory && directory.error().code == ENOENT)
    return fail(ErrorKind::not_found, "there is no dataset " + path, ENOENT);
  if (!directory) return fail(directory.error());
  struct ::stat status {};
  if (const int result = directory->ops().stat(directory->descriptor(), status); result < 0)
    return fail(system_error(-result, "look at " + path));
  if (status.st_uid != ::geteuid()) {
    return fail(ErrorKind::permission, path + " belongs to uid " + std::to_string(status.st_uid) +
                                           ", not to you (uid " + std::to_string(::geteuid()) +
                                           "); connect it as its owner, or connect a clone of your own");
  }
  return {};
}

std::string basis_branch(std::string_view branch) {
  std::string_view rest = branch;
  const std::size_t adjustment = rest.rfind('(');
  if (!consume_prefix(rest, "adjusted/") || adjustment == std::string_view::npos || !branch.ends_with(')'))
    return std::string{branch};
  return std::string{rest.substr(0, rest.rfind('('))};
}

Result<Clone> inspect_clone(const std::string& given) {
  const std::string path = absolute_path(given);
  if (auto owned = check_owner(path); !owned) return fail(owned.error());
  const Git git(path);
  auto repository = look_at_repository(git);
  if (!repository) return failure_of(repository);
  auto config = git.config();
  if (!config) return failure_of(config);
  auto id = dataset_id(git, repository->bare);
  if (!id) return failure_of(id);
  if (config->value("annex.uuid").value_or("").empty()) {
    return fail(ErrorKind::invalid,
                path + " has no annex (annex.uuid is not set); run 'git annex init' there first");
  }
  auto branch = current_branch(git);
  if (!branch) return failure_of(branch);
  return Clone{path,
               std::move(repository->git_directory),
               std::move(*id),
               std::move(*branch),
               std::move(repository->object_format),
               std::move(*config)};
}

}  // namespace microstage::cli
