// Generated from openapi.yaml by `npm run generate`. Do not edit.

/** Of the fields of a note: characters, items, or the largest number. */
export const noteLimits = {
  title: 500,
  content: 1048576,
  excerpt: 200,
  tags: 32,
  tag: 64,
  version: 2147483647,
} as const

/** How many items a reply has at most, by operation. */
export const listLimits = {
  listSessions: 100,
  listSecurityEvents: 100,
  listApiKeys: 50,
  listNotes: 100,
  listNoteSummaries: 100,
  listRevisions: 100,
  listTags: 100,
  listTrash: 100,
} as const

/** How far the items of all pages of a list are counted. */
export const countLimit = 10000

/** Units in each window, by the policy of the rate limit. */
export const quotas = {
  user: 6000,
  address: 1200,
  health: 600,
} as const
