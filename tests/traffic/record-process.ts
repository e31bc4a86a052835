/** Loaded before the program (`node --import`), where the server is a process of its own. */
import { recordProcess } from './recorder.ts'

recordProcess()
