setsid nc -lk ${port} </dev/null >/dev/null 2>&1 &
