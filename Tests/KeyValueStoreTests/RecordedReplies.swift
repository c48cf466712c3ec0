/// Replies of Redis 7.0.15 in RESP3, recorded: a line is a command, `==>`, and the reply with its
/// line breaks as bars. Words are quoted as `redis-cli` takes them; a line of dashes empties the
/// database.
let recordedReplies = #"""
    GET  ==>  -ERR wrong number of arguments for 'get' command|
    GET a b  ==>  -ERR wrong number of arguments for 'get' command|
    GET missing  ==>  _|
    SET a  ==>  -ERR wrong number of arguments for 'set' command|
    SET k v  ==>  +OK|
    GET k  ==>  $1|v|
    SET k ''  ==>  +OK|
    GET k  ==>  $0||
    STRLEN k  ==>  :0|
    SET k v EX 0  ==>  -ERR invalid expire time in 'set' command|
    SET k v EX -1  ==>  -ERR invalid expire time in 'set' command|
    SET k v EX abc  ==>  -ERR value is not an integer or out of range|
    SET k v EX 9223372036854775807  ==>  -ERR invalid expire time in 'set' command|
    SET k v PX 9223372036854775807  ==>  -ERR invalid expire time in 'set' command|
    SET k v PX 9223372036854775808  ==>  -ERR value is not an integer or out of range|
    SET k v NX XX  ==>  -ERR syntax error|
    SET k v XX NX  ==>  -ERR syntax error|
    SET k v EX 10 PX 10  ==>  -ERR syntax error|
    SET k v EX 10 KEEPTTL  ==>  -ERR syntax error|
    SET k v KEEPTTL EX 10  ==>  -ERR syntax error|
    SET k v EX 10 EXAT 10  ==>  -ERR syntax error|
    SET k v PX 10 PXAT 10  ==>  -ERR syntax error|
    SET k v EX  ==>  -ERR syntax error|
    SET k v EX 10 EX 20  ==>  +OK|
    TTL k  ==>  :20|
    SET k v PERSIST  ==>  -ERR syntax error|
    SET k v FOO  ==>  -ERR syntax error|
    SET k v ex 100 nx  ==>  _|
    SET k v get  ==>  $1|v|
    SET k w nx get  ==>  $1|v|
    GET k  ==>  $1|v|
    SET k z xx get keepttl  ==>  $1|v|
    GET k  ==>  $1|z|
    SET none v XX  ==>  _|
    SET none v XX GET  ==>  _|
    GET none  ==>  _|
    SET none v NX  ==>  +OK|
    SET none v NX  ==>  _|
    SET none v NX XX EX abc  ==>  -ERR syntax error|
    SET none v EX abc NX XX  ==>  -ERR syntax error|
    SET gone v EXAT 1  ==>  +OK|
    GET gone  ==>  _|
    TTL gone  ==>  :-2|
    EXISTS gone  ==>  :0|
    SET gone v PXAT 1 GET  ==>  _|
    SET gone v EXAT 0  ==>  -ERR invalid expire time in 'set' command|
    --- flush
    SETNX a 1  ==>  :1|
    SETNX a 2  ==>  :0|
    GET a  ==>  $1|1|
    SETNX a  ==>  -ERR wrong number of arguments for 'setnx' command|
    GETSET a 3  ==>  $1|1|
    GETSET b 1  ==>  _|
    GET b  ==>  $1|1|
    GETDEL b  ==>  $1|1|
    GETDEL b  ==>  _|
    EXISTS b  ==>  :0|
    GETDEL  ==>  -ERR wrong number of arguments for 'getdel' command|
    MSET a 1 b  ==>  -ERR wrong number of arguments for 'mset' command|
    MSET a  ==>  -ERR wrong number of arguments for 'mset' command|
    MSET a 1 b 2 a 3  ==>  +OK|
    MGET a b c a  ==>  *4|$1|3|$1|2|_|$1|3|
    MGET  ==>  -ERR wrong number of arguments for 'mget' command|
    EXISTS a b c a a  ==>  :4|
    EXISTS  ==>  -ERR wrong number of arguments for 'exists' command|
    DEL a c a  ==>  :1|
    DEL  ==>  -ERR wrong number of arguments for 'del' command|
    UNLINK b b  ==>  :1|
    DBSIZE  ==>  :0|
    --- flush
    INCR n  ==>  :1|
    INCR n  ==>  :2|
    GET n  ==>  $1|2|
    DECR n  ==>  :1|
    DECR n  ==>  :0|
    DECR n  ==>  :-1|
    GET n  ==>  $2|-1|
    INCRBY n 10  ==>  :9|
    INCRBY n -20  ==>  :-11|
    DECRBY n -5  ==>  :-6|
    DECRBY n 7  ==>  :-13|
    INCRBY n abc  ==>  -ERR value is not an integer or out of range|
    INCRBY n 1.5  ==>  -ERR value is not an integer or out of range|
    INCRBY n ' 1'  ==>  -ERR value is not an integer or out of range|
    INCRBY n +1  ==>  -ERR value is not an integer or out of range|
    INCRBY n 01  ==>  -ERR value is not an integer or out of range|
    INCRBY n -0  ==>  -ERR value is not an integer or out of range|
    INCRBY n 0  ==>  :-13|
    INCRBY n ''  ==>  -ERR value is not an integer or out of range|
    INCRBY n 9223372036854775808  ==>  -ERR value is not an integer or out of range|
    INCRBY n  ==>  -ERR wrong number of arguments for 'incrby' command|
    SET n abc  ==>  +OK|
    INCR n  ==>  -ERR value is not an integer or out of range|
    SET n 1x  ==>  +OK|
    INCR n  ==>  -ERR value is not an integer or out of range|
    SET n ' 1'  ==>  +OK|
    INCR n  ==>  -ERR value is not an integer or out of range|
    SET n 01  ==>  +OK|
    INCR n  ==>  -ERR value is not an integer or out of range|
    SET n -0  ==>  +OK|
    INCR n  ==>  -ERR value is not an integer or out of range|
    SET n ''  ==>  +OK|
    INCR n  ==>  -ERR value is not an integer or out of range|
    SET n 9223372036854775807  ==>  +OK|
    INCR n  ==>  -ERR increment or decrement would overflow|
    INCRBY n 1  ==>  -ERR increment or decrement would overflow|
    DECRBY n -1  ==>  -ERR increment or decrement would overflow|
    DECRBY n -9223372036854775808  ==>  -ERR decrement would overflow|
    DECR n  ==>  :9223372036854775806|
    SET n -9223372036854775808  ==>  +OK|
    DECR n  ==>  -ERR increment or decrement would overflow|
    DECRBY n 1  ==>  -ERR increment or decrement would overflow|
    INCRBY n -1  ==>  -ERR increment or decrement would overflow|
    INCRBY n 9223372036854775807  ==>  :-1|
    SET n -9223372036854775809  ==>  +OK|
    INCR n  ==>  -ERR value is not an integer or out of range|
    --- flush
    APPEND s ''  ==>  :0|
    EXISTS s  ==>  :1|
    STRLEN s  ==>  :0|
    APPEND s hello  ==>  :5|
    APPEND s ' world'  ==>  :11|
    GET s  ==>  $11|hello world|
    STRLEN s  ==>  :11|
    STRLEN missing  ==>  :0|
    APPEND s  ==>  -ERR wrong number of arguments for 'append' command|
    --- flush
    SET k v  ==>  +OK|
    EXPIRE k  ==>  -ERR wrong number of arguments for 'expire' command|
    EXPIRE k abc  ==>  -ERR value is not an integer or out of range|
    EXPIRE k 9223372036854775807  ==>  -ERR invalid expire time in 'expire' command|
    EXPIRE k -9223372036854775807  ==>  -ERR invalid expire time in 'expire' command|
    EXPIRE k 9223372036854775  ==>  -ERR invalid expire time in 'expire' command|
    PEXPIRE k 9223372036854775807  ==>  -ERR invalid expire time in 'pexpire' command|
    EXPIRE k 10 FOO  ==>  -ERR Unsupported option FOO|
    EXPIRE k 10 NX XX  ==>  -ERR NX and XX, GT or LT options at the same time are not compatible|
    EXPIRE k 10 NX GT  ==>  -ERR NX and XX, GT or LT options at the same time are not compatible|
    EXPIRE k 10 NX LT  ==>  -ERR NX and XX, GT or LT options at the same time are not compatible|
    EXPIRE k 10 GT LT  ==>  -ERR GT and LT options at the same time are not compatible|
    EXPIRE k 10 XX GT LT  ==>  -ERR GT and LT options at the same time are not compatible|
    EXPIRE k abc FOO  ==>  -ERR Unsupported option FOO|
    EXPIRE missing 10  ==>  :0|
    EXPIRE missing abc  ==>  -ERR value is not an integer or out of range|
    EXPIRE k 10 XX  ==>  :0|
    EXPIRE k 10 GT  ==>  :0|
    TTL k  ==>  :-1|
    EXPIRE k 100 LT  ==>  :1|
    TTL k  ==>  :100|
    EXPIRE k 200 NX  ==>  :0|
    EXPIRE k 200 LT  ==>  :0|
    EXPIRE k 200 GT  ==>  :1|
    TTL k  ==>  :200|
    EXPIRE k 50 XX LT  ==>  :1|
    TTL k  ==>  :50|
    EXPIRE k 60 XX XX  ==>  :1|
    TTL k  ==>  :60|
    EXPIRE k 60 GT  ==>  :0|
    PERSIST k  ==>  :1|
    PERSIST k  ==>  :0|
    PERSIST missing  ==>  :0|
    TTL k  ==>  :-1|
    PTTL k  ==>  :-1|
    TTL missing  ==>  :-2|
    PTTL missing  ==>  :-2|
    EXPIRE k 100 NX  ==>  :1|
    EXPIRE k 0  ==>  :1|
    EXISTS k  ==>  :0|
    SET k v  ==>  +OK|
    EXPIRE k -1  ==>  :1|
    GET k  ==>  _|
    SET k v  ==>  +OK|
    PEXPIRE k 1500  ==>  :1|
    TTL k  ==>  :2|
    SET k w KEEPTTL  ==>  +OK|
    TTL k  ==>  :2|
    APPEND k x  ==>  :2|
    TTL k  ==>  :2|
    GETSET k 5  ==>  $2|wx|
    TTL k  ==>  :-1|
    PEXPIRE k 1600  ==>  :1|
    INCR k  ==>  :6|
    TTL k  ==>  :2|
    MSET k 1  ==>  +OK|
    TTL k  ==>  :-1|
    EXPIRE k 77  ==>  :1|
    SET k v  ==>  +OK|
    TTL k  ==>  :-1|
    TYPE k  ==>  +string|
    TYPE missing  ==>  +none|
    TYPE  ==>  -ERR wrong number of arguments for 'type' command|
    --- flush
    KEYS  ==>  -ERR wrong number of arguments for 'keys' command|
    SET abc 1  ==>  +OK|
    KEYS *  ==>  *1|$3|abc|
    KEYS **  ==>  *1|$3|abc|
    KEYS ''  ==>  *0|
    KEYS abc  ==>  *1|$3|abc|
    KEYS abc*  ==>  *1|$3|abc|
    KEYS *abc  ==>  *1|$3|abc|
    KEYS *abc*  ==>  *1|$3|abc|
    KEYS a*c  ==>  *1|$3|abc|
    KEYS a**c  ==>  *1|$3|abc|
    KEYS a*b  ==>  *0|
    KEYS a?c  ==>  *1|$3|abc|
    KEYS ???  ==>  *1|$3|abc|
    KEYS ????  ==>  *0|
    KEYS ??  ==>  *0|
    KEYS a[b  ==>  *0|
    KEYS a[bc  ==>  *0|
    KEYS ab[  ==>  *0|
    KEYS ab[a-c]  ==>  *1|$3|abc|
    KEYS ab[c-a]  ==>  *1|$3|abc|
    KEYS ab[d-f]  ==>  *0|
    KEYS ab[c-  ==>  *1|$3|abc|
    KEYS ab[a-  ==>  *0|
    KEYS ab[a-]  ==>  *0|
    KEYS ab[^c]  ==>  *0|
    KEYS ab[^d]  ==>  *1|$3|abc|
    KEYS ab[^]  ==>  *1|$3|abc|
    KEYS ab[]  ==>  *0|
    KEYS ab[]c]  ==>  *0|
    KEYS 'ab\\c'  ==>  *1|$3|abc|
    KEYS 'ab[\\c]'  ==>  *1|$3|abc|
    KEYS 'ab\\'  ==>  *0|
    KEYS 'abc\\'  ==>  *0|
    KEYS 'ab[\\'  ==>  *0|
    KEYS 'ab[c\\'  ==>  *1|$3|abc|
    KEYS 'ab[^\\'  ==>  *1|$3|abc|
    KEYS a*[c]*  ==>  *1|$3|abc|
    KEYS [a]*[c]  ==>  *1|$3|abc|
    KEYS *?*?*?*  ==>  *1|$3|abc|
    KEYS *?*?*?*?  ==>  *0|
    KEYS A*  ==>  *0|
    SCAN abc  ==>  -ERR invalid cursor|
    SCAN ''  ==>  *2|$1|0|*1|$3|abc|
    SCAN 1x  ==>  -ERR invalid cursor|
    SCAN 18446744073709551616  ==>  -ERR invalid cursor|
    SCAN 0 COUNT 0  ==>  -ERR syntax error|
    SCAN 0 COUNT -1  ==>  -ERR syntax error|
    SCAN 0 COUNT x  ==>  -ERR value is not an integer or out of range|
    SCAN 0 FOO 1  ==>  -ERR syntax error|
    SCAN 0 MATCH  ==>  -ERR syntax error|
    SCAN 0 COUNT  ==>  -ERR syntax error|
    SCAN 0 TYPE string  ==>  *2|$1|0|*1|$3|abc|
    SCAN 0 TYPE hash  ==>  *2|$1|0|*0|
    SCAN 0 TYPE STRING  ==>  *2|$1|0|*1|$3|abc|
    SCAN 0 MATCH a* COUNT 5  ==>  *2|$1|0|*1|$3|abc|
    SCAN 0 MATCH x*  ==>  *2|$1|0|*0|
    SCAN 0 match a* count 5 type string  ==>  *2|$1|0|*1|$3|abc|
    SCAN  ==>  -ERR wrong number of arguments for 'scan' command|
    --- flush
    SET '' x  ==>  +OK|
    GET ''  ==>  $1|x|
    KEYS *  ==>  *1|$0||
    KEYS **  ==>  *0|
    KEYS ''  ==>  *1|$0||
    KEYS ?  ==>  *0|
    SCAN 0 MATCH *  ==>  *2|$1|0|*1|$0||
    SCAN 0 MATCH **  ==>  *2|$1|0|*0|
    SCAN 0 MATCH ''  ==>  *2|$1|0|*1|$0||
    STRLEN ''  ==>  :1|
    DBSIZE  ==>  :1|
    DBSIZE x  ==>  -ERR wrong number of arguments for 'dbsize' command|
    FLUSHDB foo  ==>  -ERR syntax error|
    FLUSHDB ASYNC SYNC  ==>  -ERR syntax error|
    DBSIZE  ==>  :1|
    FLUSHDB sync  ==>  +OK|
    DBSIZE  ==>  :0|
    FLUSHDB ASYNC  ==>  +OK|
    NOSUCH  ==>  -ERR unknown command 'NOSUCH', with args beginning with: |
    NOSUCH a b  ==>  -ERR unknown command 'NOSUCH', with args beginning with: 'a' 'b' |
    NOSUCH 'a\r\nb' ''  ==>  -ERR unknown command 'NOSUCH', with args beginning with: 'a  b' '' |
    """#
