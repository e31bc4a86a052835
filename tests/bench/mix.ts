import { register } from '../support/people.ts'
import type { Call } from './load.ts'
import { type Client, createNote, noteBody } from './operations.ts'

const ACCOUNTS = 8
const NOTES = 25

export interface Account extends Client {
  readonly email: string
  readonly password: string
  token: string
  refreshToken: string | undefined
}

/** Some accounts with some notes each. */
export async function fillAccounts({ port }: { readonly port: number }): Promise<Account[]> {
  const accounts: Account[] = []
  for (let count = 0; count < ACCOUNTS; count += 1) {
    const { accessToken: token, email, password, refreshToken } = await register({ url: `http://127.0.0.1:${port}` })
    const noteIds: string[] = []
    for (let number = 0; number < NOTES; number += 1)
      noteIds.push((await createNote({ port, token, noteIds }, number)).id)
    accounts.push({ port, token, noteIds, email, password, refreshToken })
  }
  return accounts
}

/** Seven reads of a note, two new notes and a list, each by the next account. */
export function mixOf(clients: readonly Client[]): () => Call {
  let turn = 0
  return () => {
    turn += 1
    const { token = '', noteIds = [] } = clients[turn % clients.length] ?? {}
    const headers = { Authorization: `Bearer ${token}` }
    const kind = turn % 10
    if (kind === 0) return { method: 'GET', path: '/notes?limit=20', headers }
    if (kind === 3 || kind === 7) return { method: 'POST', path: '/notes', headers, body: noteBody(turn) }
    return { method: 'GET', path: `/notes/${noteIds[turn % noteIds.length] ?? ''}`, headers }
  }
}
