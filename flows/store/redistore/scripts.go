package redistore

import (
	_ "embed" // scripts

	"tollgate/redisx"
)

// Parts that several scripts begin with.
var (
	//go:embed raise.lua
	raiseLua string
	//go:embed end_grant.lua
	endGrantLua string
)

// The scripts' sources, one per atomic operation.
var (
	//go:embed put_interaction.lua
	putInteractionLua string
	//go:embed finish_interaction.lua
	finishInteractionLua string
	//go:embed add_consent.lua
	addConsentLua string
	//go:embed replace.lua
	replaceLua string
	//go:embed index_origins.lua
	indexOriginsLua string
	//go:embed confirm_username.lua
	confirmUsernameLua string
	//go:embed drop_username.lua
	dropUsernameLua string
	//go:embed put_code.lua
	putCodeLua string
	//go:embed take_code.lua
	takeCodeLua string
	//go:embed index_family.lua
	indexFamilyLua string
	//go:embed rotate.lua
	rotateLua string
	//go:embed end_family.lua
	endFamilyLua string
	//go:embed revoke_grant.lua
	revokeGrantLua string
	//go:embed revoke.lua
	revokeLua string
	//go:embed save_keys.lua
	saveKeysLua string
	//go:embed beat.lua
	beatLua string
	//go:embed take_lease.lua
	takeLeaseLua string
	//go:embed release_lease.lua
	releaseLeaseLua string
	//go:embed append_events.lua
	appendEventsLua string
)

var (
	putInteraction    = redisx.NewScript(putInteractionLua).Idempotent()
	finishInteraction = redisx.NewScript(finishInteractionLua).Idempotent()
	addConsent        = redisx.NewScript(addConsentLua).Idempotent()
	replaceRecord     = redisx.NewScript(replaceLua).Durable()
	indexOrigins      = redisx.NewScript(indexOriginsLua).Idempotent().Durable()
	confirmUsername   = redisx.NewScript(confirmUsernameLua).Idempotent().Durable()
	dropUsername      = redisx.NewScript(dropUsernameLua).Idempotent().Durable()
	putCode           = redisx.NewScript(putCodeLua)
	takeCode          = redisx.NewScript(takeCodeLua).Durable()
	indexFamily       = redisx.NewScript(indexFamilyLua).Idempotent()
	rotate            = redisx.NewScript(raiseLua + endGrantLua + rotateLua).Durable()
	endFamily         = redisx.NewScript(raiseLua + endGrantLua + endFamilyLua).Idempotent().Durable()
	revokeGrant       = redisx.NewScript(raiseLua + endGrantLua + revokeGrantLua).Idempotent().Durable()
	revoke            = redisx.NewScript(raiseLua + revokeLua).Idempotent().Durable()
	saveKeys          = redisx.NewScript(saveKeysLua).Durable()
	raiseBeat         = redisx.NewScript(beatLua)
	takeLease         = redisx.NewScript(takeLeaseLua).Idempotent()
	releaseLease      = redisx.NewScript(releaseLeaseLua).Idempotent()
	appendEvents      = redisx.NewScript(appendEventsLua).Idempotent()
)
