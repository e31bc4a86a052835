import { bindOperations } from '../contract/bind.ts'
import { changeNotes } from './editing/batch-handlers.ts'
import { editNote } from './editing/edit-handlers.ts'
import { patchNote } from './editing/patch-handlers.ts'
import { compareRevisions, getRevision, listRevisions, restoreRevision } from './history/history-handlers.ts'
import type { NoteDeps } from './note-deps.ts'
import { listNotes, listNoteSummaries } from './list-handlers.ts'
import { createNote, deleteNote, getNote, updateNote } from './note-handlers.ts'
import { listTags, renameTags } from './tags/tag-handlers.ts'
import { emptyTrash, eraseNote, listTrash, restoreNote } from './trash/trash-handlers.ts'

/** The operations on notes. */
export const noteHandlers = (deps: NoteDeps) =>
  bindOperations(
    {
      changeNotes,
      compareRevisions,
      createNote,
      deleteNote,
      editNote,
      emptyTrash,
      eraseNote,
      getNote,
      getRevision,
      listNotes,
      listNoteSummaries,
      listRevisions,
      listTags,
      listTrash,
      patchNote,
      renameTags,
      restoreNote,
      restoreRevision,
      updateNote,
    },
    deps,
  )
