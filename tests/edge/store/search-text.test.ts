// Folding, queries and excerpts of the search, without a database.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { excerpt, isShort, matchExpression, relevance, searchWords } from '#edge/store/search-text.ts'

describe('the text of the search', () => {
  it.each([
    ['Hello, World!', 'hello world'],
    ['電腦 iPhone15', '电 脑 iphone15'],
    ['ＡＢＣ１２３', 'abc123'],
    ['天氣26度', '天 气 26 度'],
    ['👋…', ''],
  ])('[HIS13] %s is kept as %s', (text, words) => {
    expect(searchWords(text)).toBe(words)
  })

  it.each([
    ['hello wor', 'owner:"usr1" AND words:("hello"* AND "wor"*)'],
    ['天氣 ok', 'owner:"usr1" AND words:("天 气" AND "ok"*)'],
    ['"); drop', 'owner:"usr1" AND words:("drop"*)'],
    ['?!', undefined],
  ])('[HIS13] the query %s asks %s', (query, expression) => {
    expect(matchExpression(query, 'usr1')).toBe(expression)
  })

  it.each([
    ['whale', ['a whale swims', 'whale and whale'], 'more of the word'],
    ['whale', ['a whale among a great many other things in the wide sea', 'a whale'], 'a shorter text'],
    ['whale sea', ['whale whale whale whale sea', 'whale sea whale sea sea'], 'both words, not one of them often'],
    ['大象', ['在很大很大的動物園裡有一隻大象', '大象和大象'], 'in Chinese, too'],
  ])('[HIS4] %s: the better of two texts has %s', (query, [worse = '', better = '']) => {
    const [low = 0, high = 0] = relevance(query, [worse, better])
    expect(high).toBeGreaterThan(low)
  })

  it('[HIS13] whatever the query, nothing of it is an operator, and its terms are bounded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (query) => {
        const expression = matchExpression(query, 'usr1') ?? ''
        const inside = expression.replace(/^owner:"usr1" AND words:\(/, '').replace(/\)$/, '')
        for (const term of inside.split(' AND ')) if (term !== '') expect(term).toMatch(/^"[\p{L}\p{N} ]+"\*?$/u)
        expect(inside.split(' AND ').length).toBeLessThanOrEqual(12)
      }),
    )
  })

  it('[HIS4] one and two characters are short, three are not', () => {
    expect(['海', '海邊', 'ab', '海邊的', 'abc'].map(isShort)).toEqual([true, true, true, false, false])
  })

  it('[HIS3] an excerpt holds each hit, and every hit folds to a term of the query', () => {
    const words = fc.array(fc.constantFrom('電腦', 'Whale', 'fox', '👋', ' ', '海', 'Ａ', '…'), { maxLength: 60 })
    fc.assert(
      fc.property(words, fc.constantFrom('电脑', 'whale', '海', 'a'), (parts, query) => {
        const text = parts.join(' ')
        const found = excerpt(text, query)
        const isThere = searchWords(text).split(' ').join('').includes(searchWords(query).replaceAll(' ', ''))
        if (found) expect(found.hits.length).toBeGreaterThan(0)
        else if (query !== 'a' && query !== 'whale') expect(isThere).toBe(false)
        for (const [from, to] of found?.hits ?? [])
          expect(searchWords(found?.text.slice(from, to) ?? '')).toBe(searchWords(query))
      }),
    )
  })
})
