# Completion of tfpair for fish. To load it in every shell:
#   tfpair completion fish > ~/.config/fish/completions/tfpair.fish
function __tfpair_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ct)
    set -l found (command $words[1] complete $words[2..-1] "$typed" 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\n' $found
    else
        __fish_complete_path "$typed"
    end
end
complete -c tfpair -f -a '(__tfpair_complete)'
