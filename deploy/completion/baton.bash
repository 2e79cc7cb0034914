# bash completion of baton. All that it knows is to ask `baton __complete`, so it fits every version.
_baton ()
{
    local typed=${COMP_LINE:0:COMP_POINT} words line cut='' files=false
    # Bash breaks words at "=" and ":", which baton does not: the words are taken from the line.
    read -r -a words <<< "$typed"
    [[ $typed == *[[:space:]] ]] && words+=('')
    local last=${words[-1]} word=${COMP_WORDS[COMP_CWORD]}
    # What stands before the part that bash asks for is not to come again.
    [ "$last" != "$word" ] && cut=${last%"${word#=}"}
    COMPREPLY=()
    while IFS= read -r line; do
        if [ "$line" = :files ]; then
            files=true
        else
            line=${line%%$'\t'*}
            COMPREPLY+=("${line#"$cut"}")
        fi
    done < <("${words[0]}" __complete "${words[@]:1}" 2> /dev/null)
    if [ $files = true ]; then
        compopt -o filenames 2> /dev/null
        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "${last#*=}")
    fi
}
complete -F _baton baton
