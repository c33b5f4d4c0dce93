# Completion of gongctl for bash: gongctl itself says what may follow, from its table of verbs.
_gongctl()
{
	local IFS=$'\n' line
	COMPREPLY=()
	for line in $(gongctl complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null); do
		COMPREPLY+=("${line%%$'\t'*}")
	done
}
complete -o default -F _gongctl gongctl
