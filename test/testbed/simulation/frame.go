package simulation

// ref refers to a frame; it is void once the frame is freed.
type ref struct {
	id  int32
	gen uint32
}

var none = ref{id: -1}

// frame is work in progress: a call at a replica, a branch of a fork, or the journey
// of a user.
type frame struct {
	gen     uint32
	live    bool
	ops     []op
	pc      int32
	repeat  int32 // calls of the present op still to make, -1 before the first
	pending int32 // branches still running
	failed  bool  // a branch has failed

	parent           ref
	user             int32 // the journey's slot in Engine.users, which holds the random stream
	caller           int32 // service of the caller, Outside for a user
	endpoint         int32
	span, parentSpan uint64 // 0 when the user is not traced
	service          int32  // -1 for a journey
	at               int32  // replica, -1 when none took the call or the frame is no call
	admitted         bool
	start            float64
}

// frames is a pool; freed frames are used again.
type frames struct {
	all  []frame
	free []int32
}

func (p *frames) get() (int32, *frame) {
	var id int32
	if n := len(p.free); n > 0 {
		id = p.free[n-1]
		p.free = p.free[:n-1]
	} else {
		id = int32(len(p.all))
		p.all = append(p.all, frame{})
	}
	f := &p.all[id]
	*f = frame{gen: f.gen + 1, live: true, repeat: -1, parent: none, user: -1, caller: Outside, service: -1, at: -1}
	return id, f
}

func (p *frames) put(id int32) {
	p.all[id].live = false
	p.all[id].ops = nil
	p.free = append(p.free, id)
}

func (p *frames) find(r ref) *frame {
	if r.id < 0 {
		return nil
	}
	if f := &p.all[r.id]; f.live && f.gen == r.gen {
		return f
	}
	return nil
}

func (p *frames) ref(id int32) ref { return ref{id: id, gen: p.all[id].gen} }
