// As much of a browser as a sign-in needs: it keeps cookies, follows redirects inside the issuer,
// and fills in the real forms.

const maxPages = 10

export class Browser {
  #issuer
  #cookies = new Map()

  constructor(issuer) {
    this.#issuer = issuer
  }

  // visit opens an address of the issuer and answers every form with the first of `answers` that
  // has a field of the form's own, as { username, password } or { decision }. It resolves to the
  // address outside the issuer that the browser is sent to at the end, as { left }, or to the page
  // where it stays, as { status, text }.
  async visit(address, answers = []) {
    let page = await this.#open(address)
    for (let pages = 0; pages < maxPages; pages++) {
      if (page.left) return { left: page.left }
      if (page.status !== 200) return page // a form that comes back was refused
      const form = parseForm(page.text)
      const answer = form && answers.find((fields) => Object.keys(fields).some((name) => form.names.has(name)))
      if (!answer) return page
      page = await this.#open(new URL(form.action, page.address), { ...form.hidden, ...answer })
    }
    throw new Error(`${address} leads to more than ${maxPages} pages`)
  }

  // #open loads one page, by POST if there are fields, and follows redirects.
  async #open(address, fields) {
    let request = fields && { method: 'POST', body: new URLSearchParams(fields) }
    for (let hops = 0; hops < maxPages; hops++) {
      const response = await fetch(address, {
        ...request,
        redirect: 'manual',
        headers: { cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      })
      response.headers.getSetCookie().forEach((cookie) => this.#keep(cookie))
      const text = await response.text()
      const location = response.headers.get('location')
      if (!location) return { address, status: response.status, text }
      address = new URL(location, address)
      if (address.origin !== this.#issuer) return { left: address }
      request = undefined // 302 and 303: what follows a form is a GET
    }
    throw new Error(`${address} redirects more than ${maxPages} times`)
  }

  #keep(cookie) {
    const [pair, ...attributes] = cookie.split(';').map((part) => part.trim())
    const [name, value] = pair.split(/=(.*)/s)
    const expires = attributes.find((attribute) => /^expires=/i.test(attribute))
    if (!value || (expires && new Date(expires.slice('expires='.length)) < new Date())) {
      this.#cookies.delete(name)
    } else {
      this.#cookies.set(name, value)
    }
  }
}

// parseForm reads the first form of a page: where it goes, the names of everything in it, and the
// hidden fields that go back as they came. A page without one has none: null.
function parseForm(html) {
  const [, head, body] = html.match(/<form\b([^>]*)>(.*?)<\/form>/is) ?? []
  if (body === undefined) return null
  const form = { action: attribute(head, 'action'), names: new Set(), hidden: {} }
  for (const [, field] of body.matchAll(/<(?:input|button)\b([^>]*)>/gis)) {
    const name = attribute(field, 'name')
    if (!name) continue
    form.names.add(name)
    if (attribute(field, 'type') === 'hidden') form.hidden[name] = attribute(field, 'value')
  }
  return form
}

function attribute(tag, name) {
  const [, value = ''] = tag.match(new RegExp(`\\b${name}="([^"]*)"`, 'i')) ?? []
  const named = { amp: '&', lt: '<', gt: '>', quot: '"' }
  return value.replace(/&(?:#(\d+)|(\w+));/g, (_, code, word) => (code ? String.fromCodePoint(code) : named[word]))
}
