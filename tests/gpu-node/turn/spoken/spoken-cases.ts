// Tables of "written -> said", one a line; \n stands for a line's end. For the tests of the spoken form.

export const cases = (table: string): [written: string, said: string][] =>
  table
    .trim()
    .split('\n')
    .map((line) => {
      const [written = '', said = ''] = line.split(' -> ')
      return [written.replaceAll(String.raw`\n`, '\n'), said]
    })
