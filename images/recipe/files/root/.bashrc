# For the consoles of a lab.
case $- in *i*) ;; *) return ;; esac
case ${TERM:-dumb} in dumb | unknown) export TERM=xterm-256color ;; esac
export LANG=${LANG:-C.UTF-8} EDITOR=nano PAGER=less LESS=-R
PS1='\u@\h:\w\$ '
HISTSIZE=2000
HISTFILESIZE=4000
HISTCONTROL=ignoredups
# A console may end at any time: every command is kept at once.
PROMPT_COMMAND='history -a'
shopt -s checkwinsize histappend
alias ls='ls --color=auto' ll='ls -l --color=auto' grep='grep --color=auto' ip='ip -color=auto'
# Sourcing all of bash-completion takes longer than everything else at the start of a console: the first Tab that
# wants it does it, and 124 lets bash ask again.
first_completion() {
    unset -f first_completion
    . /usr/share/bash-completion/bash_completion
    return 124
}
complete -D -F first_completion
