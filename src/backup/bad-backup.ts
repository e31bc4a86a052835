/** The file is no whole backup that this version can restore; the message says why, to be printed after its name. */
export class BadBackup extends Error {}

/** Why this backup or this restore is not done; nothing was changed. */
export class Refusal extends Error {}
