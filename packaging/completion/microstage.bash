# bash completion for microstage
_microstage() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command= word
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in
      init | connect | log | where | plan) command=$word; break ;;
      ledger) command=$word ;;
      verify | backup | import) [[ $command != ledger ]] || { command="ledger $word"; break; } ;;
    esac
  done
  COMPREPLY=()
  case $previous in
    --store | --fast-root) compopt -o filenames -o nospace; mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
    --shared) mapfile -t COMPREPLY < <(compgen -W 'group all 0660 0664' -- "$current"); return ;;
    --ledger | --from-file) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    --for) mapfile -t COMPREPLY < <(compgen -W 'stage archive release' -- "$current"); return ;;
    --type) mapfile -t COMPREPLY < <(compgen -W 'transfer object request job lease dataset pin daemon' -- "$current"); return ;;
    --result) mapfile -t COMPREPLY < <(compgen -W 'ok failed' -- "$current"); return ;;
    --user) mapfile -t COMPREPLY < <(compgen -u -- "$current"); return ;;
    --head | --at | --path | --host | --tier | --request | --text | --since | --until | --limit | --before) return ;;
    --name | --alias | --jobs | -J) return ;;
  esac
  local words='init connect log where plan ledger --help --version'
  case $command in
    init) words='--shared --json --help' ;;
    connect) words='--store --name --alias --shared --verify-once --only-microstage --http --recursive --jobs --json --help' ;;
    log) words='--user --host --tier --type --result --request --text --since --until --limit --before --totals --at --path --store --ledger --json --help' ;;
    where) words='--files --at --path --store --ledger --json --help' ;;
    plan) words='--store --fast-root --for --from-file --all --recursive --files --json --help' ;;
    ledger) words='verify backup import --help' ;;
    'ledger verify') words='--head --projections --ledger --json --help' ;;
    'ledger backup') words='--ledger --json --help' ;;
    'ledger import') words='--ledger --remove --json --help' ;;
  esac
  if [[ $current == -* || -z $command || $command == ledger ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  else
    local kind=-d
    case $command in 'ledger backup' | 'ledger import' | log | where) kind=-f ;; esac
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen "$kind" -- "$current")
  fi
}
complete -F _microstage microstage
