import { noteLimits } from '../../../generated/limits.ts'
import type { EntityTag, EntityTags } from '../../contract/types.ts'
import { etagOf } from './note.ts'

/**
 * The versions that If-Match names; undefined if it allows any, because it is missing or `*`. Its comparison is strong
 * (RFC 9110 §13.1.1), so a weak tag names none.
 */
export function namedVersions(ifMatch: EntityTags | undefined): number[] | undefined {
  return ifMatch === undefined || ifMatch === '*' ? undefined : versionsOf(ifMatch.filter(({ weak }) => !weak))
}

/** The versions that If-Match names by a weak tag. We send strong tags only; a proxy made it of one of them. */
export function weaklyNamedVersions(ifMatch: EntityTags | undefined): number[] {
  return ifMatch === undefined || ifMatch === '*' ? [] : versionsOf(ifMatch.filter(({ weak }) => weak))
}

function versionsOf(tags: readonly EntityTag[]): number[] {
  return tags
    .filter(({ opaque }) => /^[1-9][0-9]{0,9}$/.test(opaque))
    .map(({ opaque }) => Number(opaque))
    .filter((version) => version <= noteLimits.version)
}

/** Whether If-Match allows a change of the note as it is now. */
export function isMatch(current: { readonly version: number }, ifMatch: EntityTags | undefined): boolean {
  return namedVersions(ifMatch)?.includes(current.version) ?? true
}

/** Whether If-None-Match names the current version, by weak comparison (RFC 9110 §13.1.2). */
export function matchesCurrent(ifNoneMatch: EntityTags | undefined, current: { readonly version: number }): boolean {
  if (ifNoneMatch === undefined) return false
  return ifNoneMatch === '*' || ifNoneMatch.some(({ opaque }) => `"${opaque}"` === etagOf(current))
}
