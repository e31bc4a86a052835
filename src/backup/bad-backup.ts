import { Refusal } from '../command-errors.ts'

/** The file is no whole backup that this version can restore; the message says why, to be printed after its name. */
export class BadBackup extends Refusal {}
