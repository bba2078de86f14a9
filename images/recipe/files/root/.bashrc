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
. /usr/share/bash-completion/bash_completion
