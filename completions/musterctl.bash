# bash completion for musterctl; made by musterctl --generate bash

_musterctl() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} noun='' verb='' word index
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=${COMP_WORDS[index]}
    case $word in
    --server | --context | --ca-file | --token-file | --output | -o | --timeout | --plan-hash) ((index++)) ;;
    -*) ;;
    *) if [[ -z $noun ]]; then noun=$word; elif [[ -z $verb ]]; then verb=$word; fi ;;
    esac
  done
  case $noun in
  login | logout | doctor | completion | version) verb='' ;;
  esac
  local command=$noun${verb:+ $verb}
  case $previous in
    '--server') :; return ;;
    '--context') :; return ;;
    '--ca-file') compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
    '--token-file') compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
    '--output' | '-o') COMPREPLY=($(compgen -W 'table json jsonl yaml csv id' -- "$current")); return ;;
    '--timeout') :; return ;;
    '--plan-hash') :; return ;;
  esac
  case "$command $previous" in
    'user list --username') :; return ;;
    'user list --email') :; return ;;
    'user list --phone') :; return ;;
    'user list --status') COMPREPLY=($(compgen -W 'active disabled' -- "$current")); return ;;
    'user list --created-after') :; return ;;
    'user list --created-before') :; return ;;
    'user list --limit') :; return ;;
    'user list --cursor') :; return ;;
    'user create --id') :; return ;;
    'user create --password-file') compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
    'user create --email') :; return ;;
    'user create --phone') :; return ;;
    'user create --display-name') :; return ;;
    'user create --attributes') :; return ;;
    'user update --display-name') :; return ;;
    'user update --email') :; return ;;
    'user update --phone') :; return ;;
    'user update --status') COMPREPLY=($(compgen -W 'active disabled' -- "$current")); return ;;
    'user update --attributes') :; return ;;
    'user update --clear') COMPREPLY=($(compgen -W 'display-name email phone attributes' -- "$current")); return ;;
    'user set-password --password-file') compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
    'user roles --limit') :; return ;;
    'user roles --cursor') :; return ;;
    'user permissions --limit') :; return ;;
    'user permissions --cursor') :; return ;;
    'user import --format') COMPREPLY=($(compgen -W 'jsonl csv' -- "$current")); return ;;
    'user import --concurrency') :; return ;;
    'user import --max-rps') :; return ;;
    'user import --failed-out') compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
    'user export --limit') :; return ;;
    'user export --format') COMPREPLY=($(compgen -W 'jsonl csv' -- "$current")); return ;;
    'user export --to') compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
    'role list --limit') :; return ;;
    'role list --cursor') :; return ;;
    'role create --description') :; return ;;
    'role create --permissions') :; return ;;
    'role create --parents') :; return ;;
    'role update --description') :; return ;;
    'role update --permissions') :; return ;;
    'role update --parents') :; return ;;
    'role update --exclusive-with') :; return ;;
    'role update --clear') COMPREPLY=($(compgen -W 'description permissions parents exclusive-with' -- "$current")); return ;;
    'role grant --expires-at') :; return ;;
    'role grant --expires-in') :; return ;;
    'role grant --reason') :; return ;;
    'role grant --users') compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
    'role grant --format') COMPREPLY=($(compgen -W 'jsonl csv' -- "$current")); return ;;
    'role grant --concurrency') :; return ;;
    'role grant --max-rps') :; return ;;
    'role grant --failed-out') compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
    'role members --limit') :; return ;;
    'role members --cursor') :; return ;;
    'role impact --permissions') :; return ;;
    'role impact --parents') :; return ;;
    'role impact --add-permissions') :; return ;;
    'role impact --remove-permissions') :; return ;;
    'role impact --add-parents') :; return ;;
    'role impact --remove-parents') :; return ;;
    'role impact --users') :; return ;;
    'session list --user') :; return ;;
    'session list --limit') :; return ;;
    'session list --cursor') :; return ;;
    'token inspect --file') compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
    'token verify --file') compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
    'token verify --permission') :; return ;;
    'token revoke --session') :; return ;;
    'token revoke --user') :; return ;;
    'token revoke --role') :; return ;;
    'token revoke --issued-before') :; return ;;
    'token revoke --reason') :; return ;;
    'audit list --actor') :; return ;;
    'audit list --operation') :; return ;;
    'audit list --target') :; return ;;
    'audit list --since') :; return ;;
    'audit list --until') :; return ;;
    'audit list --after') :; return ;;
    'audit list --limit') :; return ;;
    'audit list --cursor') :; return ;;
    'audit export --actor') :; return ;;
    'audit export --operation') :; return ;;
    'audit export --target') :; return ;;
    'audit export --since') :; return ;;
    'audit export --until') :; return ;;
    'audit export --after') :; return ;;
    'audit export --limit') :; return ;;
    'backup create --max-runtime') :; return ;;
    'backup list --limit') :; return ;;
    'backup list --cursor') :; return ;;
    'job list --limit') :; return ;;
    'job list --cursor') :; return ;;
    'job watch --max-runtime') :; return ;;
    'event list --actor') :; return ;;
    'event list --operation') :; return ;;
    'event list --target') :; return ;;
    'event list --since') :; return ;;
    'event list --until') :; return ;;
    'event list --after') :; return ;;
    'event list --limit') :; return ;;
    'event list --cursor') :; return ;;
    'event watch --actor') :; return ;;
    'event watch --operation') :; return ;;
    'event watch --target') :; return ;;
    'event watch --since') :; return ;;
    'event watch --max-runtime') :; return ;;
    'shard slots --shard') :; return ;;
    'shard skew --hottest') :; return ;;
    'shard check --max-runtime') :; return ;;
    'cache warm --top') :; return ;;
    'cache warm --fraction') :; return ;;
    'cache warm --max-rps') :; return ;;
    'cache warm --target-hit-rate') :; return ;;
    'cache warm --users') compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
    'cache warm --from-access-log') compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
    'cache warm --max-runtime') :; return ;;
    'cache audit --sample') :; return ;;
    'login --password-file') compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac
  local globals='--server --context --ca-file --token-file --output --timeout --dry-run --plan-hash --yes --quiet --verbose --trace-http --no-color --help --version' words='' files=''
  case $command in
  '') words='user role session token key audit backup job event node shard cache config context login logout doctor completion version' ;;
  'user') words='list get create update disable enable delete set-password roles permissions import export' ;;
  'role') words='list get create update delete inherit disinherit allow disallow exclude unexclude grant revoke members check explain impact' ;;
  'session') words='list revoke' ;;
  'token') words='inspect verify revoke' ;;
  'key') words='list rotate' ;;
  'audit') words='list verify export' ;;
  'backup') words='create list verify restore' ;;
  'job') words='list get watch pause resume cancel' ;;
  'event') words='list watch' ;;
  'node') words='list drain undrain' ;;
  'shard') words='list slots skew add drain check examine' ;;
  'cache') words='stats warm flush audit' ;;
  'config') words='show' ;;
  'context') words='set use list delete' ;;
  'user list') globals+=' --username --email --phone --status --created-after --created-before --limit --cursor --partial --all' words='' ;;
  'user get') globals+=' ' words='' ;;
  'user create') globals+=' --id --password-file --email --phone --display-name --attributes' words='' ;;
  'user update') globals+=' --display-name --email --phone --status --attributes --clear' words='' ;;
  'user disable') globals+=' ' words='' ;;
  'user enable') globals+=' ' words='' ;;
  'user delete') globals+=' ' words='' ;;
  'user set-password') globals+=' --password-file' words='' ;;
  'user roles') globals+=' --limit --cursor --all' words='' ;;
  'user permissions') globals+=' --limit --cursor --all' words='' ;;
  'user import') globals+=' --format --concurrency --max-rps --failed-out --restart' words='' files=1 ;;
  'user export') globals+=' --include-hashes --limit --format --to' words='' ;;
  'role list') globals+=' --limit --cursor --all' words='' ;;
  'role get') globals+=' ' words='' ;;
  'role create') globals+=' --description --permissions --parents' words='' ;;
  'role update') globals+=' --description --permissions --parents --exclusive-with --clear' words='' ;;
  'role delete') globals+=' ' words='' ;;
  'role inherit') globals+=' ' words='' ;;
  'role disinherit') globals+=' ' words='' ;;
  'role allow') globals+=' ' words='' ;;
  'role disallow') globals+=' ' words='' ;;
  'role exclude') globals+=' ' words='' ;;
  'role unexclude') globals+=' ' words='' ;;
  'role grant') globals+=' --expires-at --expires-in --reason --users --format --concurrency --max-rps --failed-out --restart' words='' ;;
  'role revoke') globals+=' ' words='' ;;
  'role members') globals+=' --limit --cursor --partial --all' words='' ;;
  'role check') globals+=' ' words='' ;;
  'role explain') globals+=' ' words='' ;;
  'role impact') globals+=' --permissions --parents --add-permissions --remove-permissions --add-parents --remove-parents --delete --users' words='' ;;
  'session list') globals+=' --user --limit --cursor --all' words='' ;;
  'session revoke') globals+=' ' words='' ;;
  'token inspect') globals+=' --file' words='' ;;
  'token verify') globals+=' --file --permission' words='' ;;
  'token revoke') globals+=' --session --user --role --all --issued-before --reason --wait' words='' ;;
  'key list') globals+=' --all' words='' ;;
  'key rotate') globals+=' ' words='' ;;
  'audit list') globals+=' --actor --operation --target --since --until --after --from-now --limit --cursor --all' words='' ;;
  'audit verify') globals+=' ' words='' ;;
  'audit export') globals+=' --actor --operation --target --since --until --after --from-now --limit' words='' ;;
  'backup create') globals+=' --wait --no-wait --max-runtime' words='' ;;
  'backup list') globals+=' --limit --cursor --all' words='' ;;
  'backup verify') globals+=' ' words='' ;;
  'backup restore') globals+=' ' words='' ;;
  'job list') globals+=' --limit --cursor --all' words='' ;;
  'job get') globals+=' ' words='' ;;
  'job watch') globals+=' --max-runtime' words='' ;;
  'job pause') globals+=' ' words='' ;;
  'job resume') globals+=' ' words='' ;;
  'job cancel') globals+=' ' words='' ;;
  'event list') globals+=' --actor --operation --target --since --until --after --from-now --limit --cursor --all' words='' ;;
  'event watch') globals+=' --actor --operation --target --since --max-runtime' words='' ;;
  'node list') globals+=' --all' words='' ;;
  'node drain') globals+=' ' words='' ;;
  'node undrain') globals+=' ' words='' ;;
  'shard list') globals+=' --all' words='' ;;
  'shard slots') globals+=' --shard --each --all' words='' ;;
  'shard skew') globals+=' --hottest' words='' ;;
  'shard add') globals+=' ' words='' ;;
  'shard drain') globals+=' ' words='' ;;
  'shard check') globals+=' --repair --wait --no-wait --max-runtime' words='' ;;
  'shard examine') globals+=' --all' words='' ;;
  'cache stats') globals+=' ' words='' ;;
  'cache warm') globals+=' --top --fraction --max-rps --target-hit-rate --users --from-access-log --wait --no-wait --max-runtime' words='' ;;
  'cache flush') globals+=' ' words='' ;;
  'cache audit') globals+=' --sample' words='' ;;
  'config show') globals+=' --all' words='' ;;
  'context set') globals+=' ' words='' ;;
  'context use') globals+=' ' words='' ;;
  'context list') globals+=' ' words='' ;;
  'context delete') globals+=' ' words='' ;;
  'login') globals+=' --password-file' words='' ;;
  'logout') globals+=' ' words='' ;;
  'doctor') globals+=' ' words='' ;;
  'completion') globals+=' ' words='bash zsh fish' ;;
  'version') globals+=' ' words='' ;;
  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$globals" -- "$current"))
  elif [[ -n $files ]]; then
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -f -- "$current"))
  else
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  fi
}
complete -F _musterctl musterctl
