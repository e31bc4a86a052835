import { expect, test } from 'vitest'
import { attemptsIn, isRouteQuestion, withoutRoute } from './trace.ts'

test.each([
  [
    '27389<MainThread> connect(23, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.1")}, 16 <unfinished ...>',
    [{ program: 'MainThread', call: 'connect', target: '192.0.2.1 port 80' }],
  ],
  [
    '7<curl> connect(5, {sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "2001:db8::1", &sin6_addr), sin6_scope_id=0}, 28) = -1 ENETUNREACH (Network is unreachable)',
    [{ program: 'curl', call: 'connect', target: '[2001:db8::1] port 443' }],
  ],
  [
    '7 sendto(3, ""..., 4, 0, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.0.0.53")}, 16) = 4',
    [{ program: 'unknown', call: 'sendto', target: '10.0.0.53 port 53' }],
  ],
  [
    '7<a> sendmmsg(3, [{msg_hdr={msg_name={sa_family=AF_INET, sin_port=htons(1), sin_addr=inet_addr("10.0.0.1")}, msg_namelen=16}}, {msg_hdr={msg_name={sa_family=AF_INET, sin_port=htons(2), sin_addr=inet_addr("10.0.0.2")}, msg_namelen=16}}], 2, 0) = 2',
    [
      { program: 'a', call: 'sendmmsg', target: '10.0.0.1 port 1' },
      { program: 'a', call: 'sendmmsg', target: '10.0.0.2 port 2' },
    ],
  ],
  ['7<a> connect(5, {sa_family=AF_INET, sin_port=htons(5432), sin_addr=inet_addr("127.0.0.1")}, 16) = 0', []],
  ['7<a> connect(5, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("0.0.0.0")}, 16) = 0', []],
  [
    '7<a> connect(5, {sa_family=AF_INET6, sin6_port=htons(1), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0}, 28) = 0',
    [],
  ],
  [
    '7<a> connect(5, {sa_family=AF_INET6, sin6_port=htons(1), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::ffff:127.0.0.1", &sin6_addr), sin6_scope_id=0}, 28) = 0',
    [],
  ],
  ['7<a> connect(5, {sa_family=AF_UNIX, sun_path="/run/x"}, 110) = 0', []],
  ['7<a> sendto(22, ..., 20, 0, {sa_family=AF_NETLINK, nl_pid=0, nl_groups=00000000}, 12) = 20', []],
  ['7<a> <... connect resumed>) = -1 ENETUNREACH (Network is unreachable)', []],
  ['7<a> +++ exited with 0 +++', []],
])('of the line %j, what leads to another machine is found', (line, attempts) => {
  expect(attemptsIn(line)).toEqual(attempts)
})

test('the counters of the kernel are read by their names, for both versions of IP', () => {
  const snmp =
    'Ip: Forwarding OutDiscards OutNoRoutes FragOKs\nIp: 1 9 4 7\nTcp: A\nTcp: 1\nIp6OutNoRoutes                  \t2\n'
  expect(withoutRoute(snmp)).toBe(6)
  expect(withoutRoute('Ip: OutNoRoutes\nIp: 0\n')).toBe(0)
})

test('only what Chromium asks before its first look-up is a question for a route', () => {
  const asked =
    '9<Chrome_ChildIOT> connect(25, {sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "2001:4860:4860::8888", &sin6_addr), sin6_scope_id=0}, 28 <unfinished ...>'
  expect(attemptsIn(asked).map(isRouteQuestion)).toEqual([true])
  const others = [
    asked.replace('::8888', '::8844'),
    asked.replace('(443)', '(53)'),
    asked.replace('Chrome_ChildIOT', 'node'),
    asked.replace(' connect(', ' sendto('),
  ]
  expect(others.flatMap(attemptsIn).map(isRouteQuestion)).toEqual([false, false, false, false])
})
