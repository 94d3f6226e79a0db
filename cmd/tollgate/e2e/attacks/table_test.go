//go:build attacks

package attacks

import (
	"fmt"
	"strings"
	"testing"
)

// row is one row of the table: what is sent, and what must be answered. It is tried here, or apart, or
// waits.
type row struct {
	id    int
	sent  string
	want  string
	try   func(x *trial)
	apart string // what else tries it, and says so in a table of its own: numbers, not answers
	waits string // for what that is not there yet

	notInMemory string // why it is not tried there, and which test inside stands for it

	results map[string]*result // by store
}

// result is what became of a row on one store.
type result struct {
	holds bool
	got   string
}

type section struct {
	id      int
	title   string
	numbers string // of all rows that there are to be
	rows    []*row
}

// sections are the table.
var sections = []*section{
	{1, "Transport and HTTP parsing", "1 2 3 4 6 7 8 9 11 12 13 14 16 17 18 19 21 22 23 24 26 27 28 29 31 32 33 34 36 37 38 39 41 42 43 44 46 47 48 49 51 52 53 54 56 57 58 59", transportRows},
	{2, "/authorize", "61 62 63 64 66 67 68 69 71 72 73 74 76 77 78 79 81 82 83 84 86 87 88 89 91 92 93 94 96 97 98 99 101 102 103 104 106 107 108 109 111 112 113 114 116 117", authorizeRows},
	{3, "/token: client authentication", "118 119 121 122 123 124 126 127 128 129 131 132 133 134 136 137 138 139 141 142", clientRows},
	{4, "/token: grants", "143 144 146 147 148 149 151 152 153 154 156 157 158 159 161 162 163 164 166 167 168 169 171 172 173 174 176 177 178 179 181 182 183 184 186 187 188 189 191 192 193 194", grantRows},
	{5, "/introspect and batch", "196 197 198 199 201 202 203 204 206 207 208 209 211 212 213 214 216", introspectRows},
	{6, "/revoke", "217 218 219 221 222 223 224 226 227 228 229", revokeRows},
	{7, "/userinfo", "231 232 233 234 236 237 238 239 241 242", userinfoRows},
	{8, "/validate", "243 244 246 247 248 249 251 252 253 254 256 257 258 259 261 262 263 264 266 267 268 269 271 272 273 274", validateRows},
	{9, "JWTs", "276 277 278 279 281 282 283 284 286 287 288 289 291 292 293 294 296 297 298 299 301 302 303 304 306", jwtRows},
	{10, "Discovery, JWKS, keys", "307 308 309 311 312 313 314 316 317", metadataRows},
	{11, "Pushed authorization requests", "318 319 321 322 323 324 326 327 328 329 331", parRows},
	{12, "Dynamic registration", "332 333 334 336 337 338 339 341 342 343 344", registrationRows},
	{13, "Login, consent, logout", "346 347 348 349 351 352 353 354 356 357 358 359 361 362 363 364 366", pageRows},
	{14, "Admin API, health, metrics, Redis", "367 368 369 371 372 373 374 376 377 378 379 381 382 383 384 386 387 388 389 391 392", adminRows},
	{15, "Timing and enumeration", "393 394 396 397 398", timingRows},
	{16, "Races", "399 401 402 403 404 405 406 407 408 409 410", raceRows},
}

// Every number is a row, once, that is tried or says why not.
func TestTable(t *testing.T) {
	for _, s := range sections {
		for _, r := range s.rows {
			ways := 0
			for _, way := range []bool{r.try != nil, r.apart != "", r.waits != ""} {
				if way {
					ways++
				}
			}
			if ways != 1 || r.sent == "" || r.want == "" {
				t.Errorf("row %d must say what is sent and wanted, and be tried, or tried apart, or wait", r.id)
			}
		}
		if got := s.listed(); got != s.numbers {
			t.Errorf("section %d has the rows\n%s, want\n%s", s.id, got, s.numbers)
		}
	}
}

// listed are the numbers of the rows that there are.
func (s *section) listed() string {
	var numbers []string
	for _, r := range s.rows {
		numbers = append(numbers, fmt.Sprint(r.id))
	}
	return strings.Join(numbers, " ")
}

func (r *row) note(store string, got *result) {
	if r.results == nil {
		r.results = map[string]*result{}
	}
	r.results[store] = got
}
