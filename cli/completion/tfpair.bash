# Completion of tfpair for bash. To load it in every shell, add this to ~/.bashrc:
#   source <(tfpair completion bash)
_tfpair() {
	local words=() glue= word last prefix= i
	# Bash breaks words at = and :, which stand in the values of --set. They are joined again.
	for ((i = 1; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		last=$((${#words[@]} - 1))
		if [[ $last -ge 0 && (-n $glue || $word == [=:]*) ]]; then
			words[last]+=$word
		else
			words+=("$word")
		fi
		glue=
		[[ $word == *[=:] ]] && glue=yes
	done
	last=${words[${#words[@]} - 1]}
	[[ $last == *[=:]* ]] && prefix=${last%"${last##*[=:]}"}
	COMPREPLY=()
	while IFS=$'\t' read -r word _; do
		COMPREPLY+=("${word#"$prefix"}")
	done < <("${COMP_WORDS[0]}" complete "${words[@]}" 2>/dev/null)
	# A setting goes on after its "=" or "."
	[[ ${#COMPREPLY[@]} -gt 0 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
	return 0
}
complete -o default -F _tfpair tfpair
