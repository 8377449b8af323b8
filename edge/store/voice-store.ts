// Voice profiles as their owners keep them; what nodes make of them is voice-preparation.ts. Knows no file and no node.
import { and, desc, eq, getTableColumns, lt, ne, or, sql } from 'drizzle-orm'
import { prepareKey, prepareVoice } from '#edge/planned-tasks.ts'
import { persona } from '#edge/store/schema/personas.ts'
import { voiceProfile } from '#edge/store/schema/voices.ts'
import type { BlobHash } from '#shared/blob.ts'
import { newId, type UserId, type VoiceProfileId } from '#shared/ids.ts'
import type { Owner } from '#shared/model/caller.ts'
import type { Language } from '#shared/model/language.ts'
import { MAX_VOICES } from '#shared/model/voice-profile.ts'
import { type EdgeDatabase, runBatch, valuesOf } from './database.ts'
import { insertTask } from '#shared/task-store/task-rows.ts'
import { endTasks } from './task-store.ts'
import { createVoicePreparation, type VoicePreparation } from './voice-preparation.ts'
import { FILES, filesOf, isOwn, isOwners, type StoredVoice } from './voice-rows.ts'

export interface NewVoice {
  userId: UserId
  name: string
  language: Language
  /** Null where a node is to write down what is said. */
  referenceText: string | null
  consent: string
  sha256: BlobHash
  mediaType: string
  bytes: number
}

/** A voice of another user is as if it were not there. */
export interface VoiceStore extends VoicePreparation {
  /**
   * Adds it together with the task that prepares it. `known`: the user has this recording already, and nothing changed.
   * `tooMany`: he has MAX_VOICES.
   */
  addVoice(
    voice: NewVoice,
    now: number,
  ): Promise<{ outcome: 'added' | 'known'; id: VoiceProfileId } | { outcome: 'tooMany' }>
  /** The newest first; `before` is the last one of the page before. */
  listVoices(owner: Owner, page: { limit: number; before?: VoiceProfileId | undefined }): Promise<StoredVoice[]>
  voice(owner: Owner, id: VoiceProfileId): Promise<StoredVoice | undefined>
  /** Another language or other words have it prepared anew. False where there is none. */
  changeVoice(
    owner: Owner,
    id: VoiceProfileId,
    change: { name?: string | undefined; language?: Language | undefined; referenceText?: string | null | undefined },
    now: number,
  ): Promise<boolean>
  /** Removes it and ends its task. Returns the files that it named; undefined where there is none. */
  removeVoice(owner: Owner, id: VoiceProfileId, now: number): Promise<BlobHash[] | undefined>
}

type Owned = Omit<VoiceStore, keyof VoicePreparation>

export function createVoiceStore(db: EdgeDatabase): VoiceStore {
  return { ...ownedVoices(db), ...createVoicePreparation(db) }
}

function ownedVoices(db: EdgeDatabase): Owned {
  return {
    addVoice: (voice, now) => addVoice(db, voice, now),
    changeVoice: (owner, id, change, now) => changeVoice(db, { owner, id }, change, now),

    listVoices(owner, { limit, before }) {
      return db
        .select(getTableColumns(voiceProfile))
        .from(voiceProfile)
        .where(and(isOwners(owner), before === undefined ? undefined : lt(voiceProfile.id, before)))
        .orderBy(desc(voiceProfile.id))
        .limit(limit)
    },

    async voice(owner, id) {
      const [found] = await db.select().from(voiceProfile).where(isOwn(owner, id))
      return found
    },

    async removeVoice(owner, id, now) {
      const isThere = sql`exists (select 1 from ${voiceProfile} where ${isOwn(owner, id)})`
      const { found } = await runBatch(db, {
        // Writes come first: a server refuses a transaction that has read and then writes where another one wrote in
        // between.
        noTask: endTasks(db, sql`dedupe_key = ${prepareKey(id)} and ${isThere}`, now),
        found: db.select(FILES).from(voiceProfile).where(isOwn(owner, id)),
        personasWithout: db
          .update(persona)
          .set({ voiceProfileId: null })
          .where(sql`${eq(persona.voiceProfileId, id)} and ${isThere}`),
        removed: db.delete(voiceProfile).where(isOwn(owner, id)),
      })
      return found[0] && filesOf(found)
    },
  }
}

async function addVoice(db: EdgeDatabase, voice: NewVoice, now: number): ReturnType<Owned['addVoice']> {
  const id = newId('voiceProfile', now)
  const row = { ...voice, id, state: 'uploaded', reason: null, preparedSha256: null, quality: null } as const
  const times = { createdAt: now, updatedAt: now }
  const isOfUser = eq(voiceProfile.userId, voice.userId)
  const isKnown = and(isOfUser, eq(voiceProfile.sha256, voice.sha256))
  const hasRoom = sql`(select count(*) from ${voiceProfile} where ${isOfUser}) < ${MAX_VOICES}`
  const isThere = sql`exists (select 1 from ${voiceProfile} where ${eq(voiceProfile.id, id)})`
  const { found } = await runBatch(db, {
    added: db
      .insert(voiceProfile)
      .select(sql`select ${valuesOf(voiceProfile, { ...row, ...times })} where ${hasRoom}`)
      .onConflictDoNothing(),
    task: insertTask(db, prepareVoice(id, voice.userId), { now }, isThere),
    found: db.select({ id: voiceProfile.id }).from(voiceProfile).where(isKnown),
  })
  const [known] = found
  if (!known) return { outcome: 'tooMany' }
  return { outcome: known.id === id ? 'added' : 'known', id: known.id }
}

const ownerOf = (id: VoiceProfileId) =>
  sql`(select ${voiceProfile.userId} from ${voiceProfile} where ${eq(voiceProfile.id, id)})`

async function changeVoice(
  db: EdgeDatabase,
  { owner, id }: { owner: Owner; id: VoiceProfileId },
  { name, language, referenceText }: Parameters<Owned['changeVoice']>[2],
  now: number,
): Promise<boolean> {
  const isOther = or(
    language === undefined ? undefined : ne(voiceProfile.language, language),
    referenceText === undefined ? undefined : sql`${voiceProfile.referenceText} is not ${referenceText}`,
  )
  const words = {
    ...(language !== undefined && { language }),
    ...(referenceText !== undefined && { referenceText }),
  }
  const again = { ...words, state: 'uploaded', reason: null, updatedAt: now } as const
  const isOthers = sql`exists (select 1 from ${voiceProfile} where ${and(isOwn(owner, id), isOther)})`
  const { renamed } = await runBatch(db, {
    noTask: endTasks(db, isOther ? sql`dedupe_key = ${prepareKey(id)} and ${isOthers}` : sql`0`, now),
    newTask: insertTask(
      db,
      { ...prepareVoice(id, 'usr_none'), userId: ownerOf(id) },
      { now },
      isOther ? isOthers : sql`0`,
    ),
    // Also where its words stay: the count of rows says whether the profile is there.
    renamed: db
      .update(voiceProfile)
      .set({ updatedAt: now, ...(name !== undefined && { name }) })
      .where(isOwn(owner, id)),
    prepared: db
      .update(voiceProfile)
      .set(again)
      .where(isOther ? and(isOwn(owner, id), isOther) : sql`0`),
  })
  return renamed.rowsAffected > 0
}
