import { expect, test } from 'vitest'
import { canonicalEmail, emailKey } from '../src/email-address.ts'

test.each([
  'user@example.com',
  'User.Name+notes@Example.COM',
  "!#$%&'*+/=?^_`{|}~-@example.com",
  'a@b',
  'admin@localhost',
  'a@xn--mnchen-3ya.de',
  'a@3com.example',
  'a@192.0.2.1',
  `a@${'b'.repeat(63)}.de`,
  '"john doe"@example.com',
  '"a@b"@example.com',
  String.raw`"a\"b\\"@example.com`,
  '""@example.com',
  'a@[192.0.2.1]',
  'a@[IPv6:2001:db8::1]',
  'müller@example.de',
  'user@münchen.de',
  '用户@例子.广告',
  'अजय@डाटा.भारत',
  'θσερ@εχαμπλε.ψομ',
  '"Jörg Ö"@example.de',
  'e\u0301mile@example.fr',
  // Persian words have zero-width non-joiners within them.
  'نامه\u200Cای@example.ir',
])('is an address: %s', (address) => {
  expect(canonicalEmail(address)).toBe(address)
})

test.each([
  '',
  'nobody',
  '@example.com',
  'a@',
  'a@b@c',
  'a b@example.com',
  '.a@example.com',
  'a.@example.com',
  'a..b@example.com',
  'a@-b.de',
  'a@b-.de',
  'a@b..de',
  'a@b.de.',
  'a@x_y.de',
  'a@mün chen.de',
  'a@mün/chen.de',
  'a@mün%41.de',
  'a@münchen.de:25',
  'a@u:p@münchen.de',
  'a@[192.0.2.256]',
  'a@[2001:db8::1]',
  'a@[]',
  '"a@example.com',
  '"a"b@example.com',
  '"a\nb"@example.com',
  'a\nb@example.com',
  'a\u0000@example.com',
  'a\u202Eb@example.com',
  'a\u00A0b@example.com',
  'a\u0085b@example.com',
  'ü\uD800@example.com',
  'Ann <ann@example.com>',
])('is no address: %j', (text) => {
  expect(canonicalEmail(text)).toBeUndefined()
})

test.each([' user@example.com', 'user@example.com ', '\tuser@example.com\n', '\u00A0user@example.com\u3000'])(
  'the blanks around %j do not count',
  (text) => {
    expect(canonicalEmail(text)).toBe('user@example.com')
    expect(emailKey(text)).toBe('user@example.com')
  },
)

test.each([
  ['User@Example.com', 'user@example.com'],
  ['user@MÜNCHEN.de', 'user@münchen.de'],
  ['user@münchen.de', 'user@xn--mnchen-3ya.de'],
  ['user@mu\u0308nchen.de', 'user@münchen.de'],
  ['user@XN--MNCHEN-3YA.de', 'user@münchen.de'],
  ['user@例子。广告', 'user@例子.广告'],
  ['MÜLLER@example.de', 'müller@example.de'],
  ['mu\u0308ller@example.de', 'müller@example.de'],
  ['"ann"@example.com', 'ann@example.com'],
  [String.raw`"\a\nn"@example.com`, 'ann@example.com'],
  [String.raw`"j\o d"@example.com`, '"jo d"@example.com'],
])('%s and %s are one account', (one, other) => {
  expect(emailKey(one)).toBe(emailKey(other))
})

test.each([
  ['muller@example.de', 'müller@example.de'],
  ['user@strasse.de', 'user@straße.de'],
  ['a@1.2', 'a@1.0.0.2'],
  ['"a b"@example.com', '"a  b"@example.com'],
  ['"a@b"@example.com', 'a@b'],
  [String.raw`"a\"b"@example.com`, '"ab"@example.com'],
  // A homograph: its first letter is Cyrillic.
  ['аnn@example.com', 'ann@example.com'],
])('%s and %s are two accounts', (one, other) => {
  expect(emailKey(one)).not.toBe(emailKey(other))
})

test('accounts made before other scripts were taken keep their keys', () => {
  for (const email of ['User@Example.com', 'a+b@1.2', 'x@XN--ZZZZZZ.de', `a@${'b'.repeat(100)}.de`])
    expect(emailKey(email)).toBe(email.toLowerCase())
})
