import { readdirSync, readFileSync } from 'node:fs'
import { CORE_SCHEMA, load } from 'js-yaml'
import {
  type ContractDocument,
  type Json,
  list,
  object,
  parseDocument,
  string,
} from '../../../src/contract/document/document.ts'
import { compareVersions, parseVersion } from './versions.ts'

/** `<version>.yaml` as it was released, `<version>.requests.json` beside it, and the list of breaking changes. */
export const RELEASED = new URL('../released/', import.meta.url)

export interface Listed {
  /** The id of a change, as the gate prints it. */
  readonly change: string
  readonly version: string
  readonly reason: string
}

/** All released contracts, the oldest first. */
export function releasedContracts(): readonly ContractDocument[] {
  const names = readdirSync(RELEASED).filter((name) => /^\d+\.\d+\.\d+\.yaml$/.test(name))
  const contracts = names.map((name) => {
    const contract = parseDocument(readFileSync(new URL(name, RELEASED), 'utf8'))
    if (`${contract.version}.yaml` !== name) throw new Error(`${name} says that it is version ${contract.version}`)
    return contract
  })
  return contracts.toSorted((a, b) => compareVersions(parseVersion(a.version), parseVersion(b.version)))
}

export function listedChanges(text = textOf('breaking-changes.yaml')): readonly Listed[] {
  return readListed(load(text, { schema: CORE_SCHEMA }) as Json)
}

/** The recorded stories of earlier major versions that are broken since. */
export function brokenStories(): readonly Listed[] {
  return listedChanges(textOf('broken-stories.yaml'))
}

function textOf(name: string): string {
  return readFileSync(new URL(name, RELEASED), 'utf8')
}

export function readListed(entries: Json | undefined): readonly Listed[] {
  return list(entries).map((entry) => {
    const { change, version, reason } = object(entry)
    const listed = {
      change: string(change, '"change"'),
      version: string(version, '"version"'),
      reason: string(reason, '"reason"'),
    }
    if (listed.reason.trim().length < 20) throw new Error(`${listed.change}: a reason is a sentence`)
    return listed
  })
}
