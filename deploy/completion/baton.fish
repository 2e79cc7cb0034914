# fish completion of baton. All that it knows is to ask `baton __complete`, so it fits every version.
function __baton_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in ($words[1] __complete $words[2..-1] 2> /dev/null)
        if test "$line" = :files
            __fish_complete_path (commandline -ct)
        else
            echo $line
        end
    end
end
complete -c baton -f -a '(__baton_complete)'
