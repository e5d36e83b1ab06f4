#compdef tfpair
# Completion of tfpair for zsh. To load it in every shell, add this to ~/.zshrc, after compinit:
#   source <(tfpair completion zsh)
_tfpair() {
	local -a found
	local line
	while IFS= read -r line; do
		line=${line//:/\\:}
		found+=("${line/$'\t'/:}")
	done < <("${words[1]}" complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)
	if ((${#found})); then
		# A setting goes on after its "="
		if [[ ${found[1]%%:*} == *= ]]; then
			_describe -V tfpair found -S ''
		else
			_describe -V tfpair found
		fi
	else
		_files
	fi
}
if [[ ${funcstack[1]} == _tfpair ]]; then
	_tfpair "$@"
else
	compdef _tfpair tfpair
fi
