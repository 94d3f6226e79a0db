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
	//go:embed revoke_grant.lua
	revokeGrantLua string
	//go:embed revoke.lua
	revokeLua string
	//go:embed save_keys.lua
	saveKeysLua string
	//go:embed take_lease.lua
	takeLeaseLua string
	//go:embed release_lease.lua
	releaseLeaseLua string
	//go:embed append_events.lua
	appendEventsLua string
)

var (
	putInteraction    = redisx.NewScript(putInteractionLua)
	finishInteraction = redisx.NewScript(finishInteractionLua)
	addConsent        = redisx.NewScript(addConsentLua)
	replaceRecord     = redisx.NewScript(replaceLua)
	confirmUsername   = redisx.NewScript(confirmUsernameLua)
	dropUsername      = redisx.NewScript(dropUsernameLua)
	putCode           = redisx.NewScript(putCodeLua)
	takeCode          = redisx.NewScript(takeCodeLua)
	indexFamily       = redisx.NewScript(indexFamilyLua)
	rotate            = redisx.NewScript(raiseLua + endGrantLua + rotateLua)
	revokeGrant       = redisx.NewScript(raiseLua + endGrantLua + revokeGrantLua)
	revoke            = redisx.NewScript(raiseLua + revokeLua)
	saveKeys          = redisx.NewScript(saveKeysLua)
	takeLease         = redisx.NewScript(takeLeaseLua)
	releaseLease      = redisx.NewScript(releaseLeaseLua)
	appendEvents      = redisx.NewScript(appendEventsLua)
)
