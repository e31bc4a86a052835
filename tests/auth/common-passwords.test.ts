import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { isCommonPassword, readCommonPasswords } from '../../src/auth/password/common-passwords.ts'

test('the list has at least 3000 passwords of permitted length, in the form in which they are compared', () => {
  const list = [...readCommonPasswords()]
  expect(list.length).toBeGreaterThanOrEqual(3_000)
  expect(list.filter((entry) => entry.length < 8)).toEqual([])
  expect(list.filter((entry) => entry !== entry.normalize('NFKC').toLowerCase())).toEqual([])
})

test('the passwords that are tried first are common, in whatever case and form of their characters', () => {
  const passwords = [
    'password',
    '12345678',
    'iloveyou',
    'qwertyuiop',
    'password1',
    'trustno1',
    '1q2w3e4r5t',
    'p@ssw0rd',
  ]
  for (const password of [...passwords, 'PassWord1', 'ILOVEYOU', 'ｐａｓｓｗｏｒｄ', 'ｉＬｏｖｅＹｏｕ']) {
    expect(isCommonPassword(password), password).toBe(true)
  }
})

test('a password that merely holds a common one, a phrase and a random one are not common', () => {
  for (const password of [
    'password-of-emily',
    ' password',
    'correct horse battery staple',
    'securepass123',
    randomUUID(),
    'päßwörter',
    '',
  ]) {
    expect(isCommonPassword(password), password).toBe(false)
  }
})

test('every entry is one that a person could type: nothing empty, damaged or with blanks around it', () => {
  for (const entry of readCommonPasswords())
    expect(entry).toMatch(/^[\u0021-\u007e](?:[\u0020-\u007e]*[\u0021-\u007e])$/)
})
