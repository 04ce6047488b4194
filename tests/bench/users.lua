-- GET /v1/users/ID for one id of a file after the other, again and again: users.lua URL -- IDS TOKEN
local ids, next_id, headers = {}, 0, {}
function init(arguments)
  for line in io.lines(arguments[1]) do ids[#ids + 1] = "/v1/users/" .. line end
  headers["Authorization"] = "Bearer " .. arguments[2]
end
function request()
  next_id = next_id % #ids + 1
  return wrk.format("GET", ids[next_id], headers)
end
